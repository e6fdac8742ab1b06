"""Deploy's REST API over the parts of the server."""
