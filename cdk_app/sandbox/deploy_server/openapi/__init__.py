"""OpenAPI description of the stand-in's REST API, for tools that generate requests or clients from one.

The vendor publishes no such description. This one says what the stand-in accepts and answers as JSON; XML,
the default format, has no useful form in OpenAPI and is left out.
"""

from __future__ import annotations

from cdk_app.sandbox.deploy_server.openapi.document import description

__all__ = ["description"]
