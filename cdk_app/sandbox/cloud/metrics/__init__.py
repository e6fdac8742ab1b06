"""CloudWatch: metrics of queues and functions, and alarms that tell their dimensions apart."""
