"""AWS as the runtime needs it: Auto Scaling groups, secrets, configuration, queue, ledger."""
