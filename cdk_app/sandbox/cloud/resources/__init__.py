"""CloudFormation resource types that MiniStack does not know, or knows differently from AWS."""
