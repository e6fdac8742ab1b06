"""SSH machines behind a bastion for the local run.

`SshNetwork` needs no privilege and runs anywhere.
"""

from __future__ import annotations

from cdk_app.sandbox.network.ssh_network import Attempt, SshNetwork

__all__ = ["Attempt", "SshNetwork"]
