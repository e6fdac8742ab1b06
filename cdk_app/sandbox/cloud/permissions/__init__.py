"""IAM roles that are really asked: of functions, integrations, rule targets and schedules.

MiniStack either checks every request or none, and its check of everything would have to know the person and
the CDK CLI as well. Here people stay free, and what acts by a role of the template acts within its policies.
"""
