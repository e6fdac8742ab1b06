"""AWS on this machine: MiniStack with its gaps closed, in a process of its own."""

from cdk_app.sandbox.cloud.process import Cloud, CloudStartError

__all__ = ["Cloud", "CloudStartError"]
