"""EventBridge and its Scheduler: what MiniStack does not deliver, or delivers differently from AWS."""
