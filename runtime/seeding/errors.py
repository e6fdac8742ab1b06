"""Why seeding fails, in one line that a person can act on: CloudFormation shows it as it is."""

from __future__ import annotations

import re

from runtime.deploy.errors import (
    DeployError,
    Forbidden,
    Missing,
    Unauthorized,
    Unavailable,
    Unlicensed,
    Unreachable,
    Untrusted,
)

_INFO = "/server/info"


class SeedError(Exception):
    """The stack's deployment cannot go on."""


class OutOfTimeError(BaseException):
    """The function is about to be stopped.

    It comes at any line, and no library on the way is to take it for a failure of its own: so it is no
    `Exception`.
    """


def seed_error(error: DeployError) -> SeedError:
    """Return what to tell about a call to Deploy that failed."""
    if isinstance(error, Untrusted):
        return SeedError(f"Deploy cannot be reached safely ({error.text}): {error.advice}")
    if isinstance(error, Unreachable):
        return SeedError(
            f"Deploy cannot be reached ({error.text}): check deployUrl (https or http, host, port), DNS, "
            "routes and firewalls"
        )
    if isinstance(error, Unavailable):
        return SeedError(
            f"Deploy is not available now ({error.status}: {error.text}): wait for the end of its "
            "maintenance or restart, then deploy the stack again"
        )
    if isinstance(error, Unauthorized):
        return SeedError(
            "Deploy refuses the credentials (401): check the secret, and that the account has the global "
            "permission login"
        )
    if isinstance(error, Unlicensed):
        return SeedError(
            f"Deploy has no valid licence (402: {error.text or 'no words'}): install or renew it, then "
            "deploy the stack again"
        )
    if isinstance(error, Forbidden) and error.path == _INFO:
        return SeedError(
            f"Deploy does not let the account in (403: {error.text}): grant it the global permission login"
        )
    if re.search(r"licen[cs]e", error.text, re.IGNORECASE):
        return SeedError(
            f"the licence of the Deploy server stands against it ({error.text}): it may limit how many CIs "
            "of a type there are, or how many users"
        )
    if isinstance(error, Forbidden):
        return SeedError(f"the Deploy account lacks a permission (403): {error.text} ({error.path})")
    if re.search(r"requires TLS|sent to HTTPS port", error.text, re.IGNORECASE):
        return SeedError(f"Deploy cannot be reached safely ({error.text}): begin deployUrl with https")
    if error.path == _INFO and (isinstance(error, Missing) or 300 <= (error.status or 0) < 400):
        return SeedError(
            f"no Deploy server answers at this address ({error.status}): check deployUrl, with its context "
            "path if it has one"
        )
    return SeedError(f"Deploy refused {error}")
