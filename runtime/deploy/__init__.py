"""A client of Digital.ai Deploy's REST API: transport, repository, deployments, tasks, metadata."""
