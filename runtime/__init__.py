"""What runs in the cloud: the reconciler between Auto Scaling and Digital.ai Deploy, and the seeder."""
