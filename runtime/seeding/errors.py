"""Why seeding fails, in one line that a person can act on: CloudFormation shows it as it is."""

from __future__ import annotations

from runtime.deploy.errors import DeployError, Forbidden, Unauthorized, Unlicensed, Unreachable


class SeedError(Exception):
    """The stack's deployment cannot go on."""


def seed_error(error: DeployError) -> SeedError:
    """Return what to tell about a call to Deploy that failed."""
    if isinstance(error, Unreachable):
        return SeedError(
            f"Deploy cannot be reached ({error.text}): check deployUrl, DNS, routes and firewalls"
        )
    if isinstance(error, Unauthorized):
        return SeedError(
            "Deploy refuses the credentials (401): check the secret, and that the account may log in"
        )
    if isinstance(error, Unlicensed):
        return SeedError("Deploy has no valid licence (402): install one, then deploy the stack again")
    if isinstance(error, Forbidden):
        return SeedError(f"the Deploy account lacks a permission (403): {error.text} ({error.path})")
    return SeedError(f"Deploy refused {error}")
