"""What a person needs to know of a sandbox that is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_app.sandbox.running import RunningSandbox


def welcome(sandbox: RunningSandbox) -> str:
    """Return URLs, credentials and things to try."""
    exports = "\n".join(
        f"  export {name}={value}" for name, value in sorted(sandbox.cloud.environment.items())
    )
    page = sandbox.deploy.url.removesuffix("/deployit")
    return f"""\
The sandbox is up. Ctrl-C stops it and leaves nothing running.

  Cloud            {sandbox.cloud.endpoint}
  Deploy stand-in  {page}/
                   {sandbox.deploy.url} (REST)
  Account          {sandbox.person.username} / {sandbox.person.password}

In another terminal, in the same directory, with .venv/bin first in the PATH:

  python -m cdk_app.sandbox cdk bootstrap aws://123456789012/us-east-1
  python -m cdk_app.sandbox cdk deploy --require-approval never
  python -m cdk_app.sandbox cdk destroy --force

AWS's own tools and SDKs reach the cloud with these variables:

{exports}

Then give the group two instances, and look at Infrastructure and Environments in Deploy:

  python -c 'import boto3; boto3.client("autoscaling").set_desired_capacity(
      AutoScalingGroupName="web", DesiredCapacity=2)'
"""
