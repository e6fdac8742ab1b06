"""What a person needs to know of a sandbox that is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_app.sandbox.running import RunningSandbox


def welcome(sandbox: RunningSandbox) -> str:
    """Return URLs, credentials and things to try."""
    variables = " ".join(f"{name}={value}" for name, value in sorted(sandbox.cloud.environment.items()))
    page = sandbox.deploy.url.removesuffix("/deployit")
    return f"""\
The sandbox is up. Ctrl-C stops it and leaves nothing running.

  Cloud            {sandbox.cloud.endpoint}
  Deploy stand-in  {page}/  (REST: {sandbox.deploy.url})
  Account          {sandbox.person.username} / {sandbox.person.password}

In another terminal, in the same directory:

  python -m cdk_app.sandbox cdk bootstrap aws://123456789012/us-east-1
  python -m cdk_app.sandbox cdk deploy --require-approval never
  python -m cdk_app.sandbox cdk destroy --force

AWS's own tools and SDKs reach it with these variables:

  {variables}

  aws autoscaling set-desired-capacity --auto-scaling-group-name web --desired-capacity 2
  then look at Infrastructure and Environments in Deploy
"""
