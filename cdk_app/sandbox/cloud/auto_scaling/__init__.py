"""EC2 Auto Scaling: groups whose instances, lifecycle hooks, events and activities behave as on AWS."""
