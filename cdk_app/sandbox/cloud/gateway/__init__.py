"""API Gateway: mapping templates and the integrations that use them."""
