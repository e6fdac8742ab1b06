"""Auto Scaling groups that Digital.ai Deploy keeps deployed to, as AWS CDK constructs."""
