"""The walkthrough: the whole story, told in the terminal, with checks."""

from cdk_app.sandbox.demo.run import run_demo

__all__ = ["run_demo"]
