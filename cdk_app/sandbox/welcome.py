"""What a person needs to know of a sandbox that is up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_app.sandbox.running import RunningSandbox


def welcome(sandbox: RunningSandbox) -> str:
    """Return URLs, credentials and things to try."""
    exports = "\n".join(
        f"  export {name}={value}" for name, value in sorted(sandbox.cloud.environment.items())
    )
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    page = sandbox.deploy.url.removesuffix("/deployit")
    return f"""\
The sandbox is up. Ctrl-C stops it and leaves nothing running.

  Cloud            {sandbox.cloud.endpoint}
  Deploy stand-in  {page}/
                   {sandbox.deploy.url} (REST)
  Account          {sandbox.person.username} / {sandbox.person.password}

In another terminal, in the same directory:

  {python} -m cdk_app.sandbox cdk bootstrap aws://123456789012/us-east-1
  {python} -m cdk_app.sandbox cdk deploy --require-approval never

AWS's own tools and SDKs reach the cloud with these variables:

{exports}

Give the group two instances, and see them appear in Deploy:

  {python} -c 'import boto3; boto3.client("autoscaling").set_desired_capacity(
      AutoScalingGroupName="web", DesiredCapacity=2)'

In the end:

  {python} -m cdk_app.sandbox cdk destroy --force
"""
