"""A network of real OpenSSH hosts in Linux namespaces, where this machine has the means."""

from __future__ import annotations

from cdk_app.sandbox.network.namespaces.holder import NamespaceError, NoMeansError, means
from cdk_app.sandbox.network.namespaces.namespace_network import HOST_SET_UP, Machine, NamespaceNetwork

__all__ = ["HOST_SET_UP", "Machine", "NamespaceError", "NamespaceNetwork", "NoMeansError", "means"]
