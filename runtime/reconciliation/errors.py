"""How a reconciliation ends when it cannot finish. Anything else that is raised counts as `Retry`."""

from __future__ import annotations

from runtime.deploy.errors import DeployError, Forbidden, Masked, Unauthorized, Unlicensed, Untrusted


class ReconciliationError(Exception):
    """An end with a reason fit for a log line."""


class Skip(ReconciliationError):
    """Nothing of ours: acknowledge and log."""


class Retry(ReconciliationError):
    """Not now: look again.

    Attributes
    ----------
    after : int or None
        Seconds to wait at least; None leaves it to the number of attempts.
    """

    def __init__(self, reason: str, after: int | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Fatal(ReconciliationError):
    """A person must act; repeated until the queue gives the message to the dead-letter queue."""


_ADVICE: dict[type[DeployError], str] = {
    Unauthorized: "check the secret that DEPLOY_CREDENTIALS names, and that the account may log in",
    Unlicensed: "install a valid licence on the Deploy server",
    Masked: "keep that secret in an encrypted dictionary, or make the change by hand",
    Forbidden: "grant the account the permission that the answer names",
}


def ending_of(error: DeployError) -> ReconciliationError:
    """Return how a reconciliation ends that a call to Deploy has stopped."""
    advice = error.advice if isinstance(error, Untrusted) else _ADVICE.get(type(error))
    if advice is not None:
        return Fatal(f"{error}; {advice}")
    return Retry(str(error))
