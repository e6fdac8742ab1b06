"""What can go wrong between us and Deploy, by what to do about it.

Statuses alone do not tell: several are undocumented, so texts are looked at too.
"""

from __future__ import annotations

import html
import re

_LONGEST_TEXT = 300


class DeployError(Exception):
    """A call that failed.

    Attributes
    ----------
    method, path : str
        The call, without query and without the server's address.
    status : int or None
        HTTP status; None when there was no answer.
    text : str
        The server's words: unescaped, one line, shortened, known secrets blotted out.
    """

    def __init__(self, method: str, path: str, status: int | None, text: str) -> None:
        self.method, self.path, self.status, self.text = method, path, status, text
        super().__init__(f"{method} {path}: {status or 'no answer'} {text}".rstrip())


class Unreachable(DeployError):
    """No answer: whether the call took effect is unknown unless it was a read."""


class Untrusted(Unreachable):
    """No connection by TLS, or none that can be trusted: it comes back only when a person acts."""

    @property
    def advice(self) -> str:
        """What the person can do, by the words of OpenSSL or of ours."""
        return next(advice for words, advice in _TRUST if words in self.text)


_NO_TLS = (
    "the port speaks no TLS: give deployUrl the port of https, or begin it with http (allow_plain_http=True)"
)

_TRUST = (
    ("mismatch", "give deployUrl the name that the certificate is for"),
    ("expired", "renew the certificate of the Deploy server"),
    ("not yet valid", "check the clock of the machine that made the certificate, or wait"),
    (
        "not trusted",
        "pass ca_bundle= to DeployServer, the PEM of the authority that signed it, intermediates included",
    ),
    ("says http", "begin deployUrl with https"),
    ("wrong version number", _NO_TLS),
    ("record layer failure", _NO_TLS),
    ("", "server and functions agree on no version or cipher: let the server offer TLS 1.2 or later"),
)
"""The first that fits."""


class Unavailable(DeployError):
    """An answer that says "later": throttled, in maintenance, restarting, behind a tired proxy."""


class Unauthorized(DeployError):
    """401: wrong or expired credentials, or an account without the ``login`` permission."""


class Unlicensed(DeployError):
    """402: no valid licence on the server."""


class Forbidden(DeployError):
    """403: the account lacks a permission; the text names it."""


class Missing(DeployError):
    """No such CI or task."""


class Refused(DeployError):
    """Every other refusal: invalid, exists already, in use, conflict, wrong state."""


class Masked(Refused):
    """A write of ours that was not sent: it would replace somebody's secret by the mask that a read shows."""


def one_line(text: str) -> str:
    """Return an answer's text on one line: tags and entities resolved, blanks folded."""
    return " ".join(html.unescape(re.sub(r"<[^<>]{1,200}>", " ", text)).split())


def shortened(text: str) -> str:
    """Return a text cut to what a log line can bear."""
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


_BY_STATUS: dict[int, type[DeployError]] = {
    401: Unauthorized,
    402: Unlicensed,
    403: Forbidden,
    404: Missing,
    408: Unavailable,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(method: str, path: str, status: int, text: str) -> DeployError:
    """Return the error that an answer stands for (`text` already fit for a log line)."""
    kind = _BY_STATUS.get(status, Refused)
    if kind is Refused and re.search(r"Repository entity \[.*\] not found", text):
        kind = Missing
    # Seen by the vendor's own GitHub action while the task engine restarts.
    if status == 500 and "while terminating or terminated" in text:
        kind = Unavailable
    return kind(method, path, status, text)
