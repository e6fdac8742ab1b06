"""What goes wrong on the way to a host, in Overthere's words."""

from __future__ import annotations


class RemotingError(Exception):
    """A host could not be reached or used.

    The text is Overthere's own, with the cause after ``<-``; it never holds key or password material.
    """


class ConnectionOptionError(RemotingError):
    """The connection properties of a CI cannot describe a connection."""
