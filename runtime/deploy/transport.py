"""HTTP to one Deploy server: one kept connection, time limits, safe retries, errors by kind."""

from __future__ import annotations

import html
import json
import re
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from http.client import BadStatusLine
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from runtime.deploy.errors import (
    Refused,
    Unauthorized,
    Unreachable,
    Untrusted,
    error_of,
    one_line,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Json = Any
"""JSON as parsed: None, a boolean, number, text, list or object."""

JSON_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
VALIDATION_KEYS = ("validation-messages", "validationMessages", "validations")
"""Where a CI's validation messages may stand: the JSON form is not documented."""

_TLS_ALERT = "\x15\x03"
"""How a TLS server answers plain http: content type "alert", version 3 (RFC 8446, section 5.1)."""

_ENCRYPTED = re.compile(r"(e\{)?\{(b64|aes[^}]*)\}[^\s\"'<>]*")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Basic credentials. A personal access token is the password of an empty user name.

    Source: the wire form of the vendor's own SDK.
    """

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The ``Authorization`` header's value, in UTF-8 (requests' own form knows Latin-1 only)."""
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode()


def base_url(url: str) -> str:
    """Return the base of the REST API for a server's URL, with or without ``/deployit`` at its end."""
    trimmed = url.rstrip("/")
    return trimmed if urlsplit(trimmed).path.endswith("/deployit") else f"{trimmed}/deployit"


def escaped(ci_id: str) -> str:
    """Return a CI id as it stands in a URL path: slashes stay, everything unsafe is percent-encoded."""
    return quote(ci_id, safe="/")


class Transport:
    """Calls to one Deploy server.

    Parameters
    ----------
    url : str
        The server's address, for example ``https://deploy.example.com:4516``.
    credentials : callable
        Returns the credentials; called again with ``True`` after a 401, to read rotated ones.
    verify : callable
        Returns what to trust, as in requests: True, or the path of a CA bundle. Called for each call.
    proxy : str, optional
        Address of an HTTP proxy on the way to the server.
    timeout : (float, float)
        Seconds to connect and to wait for bytes.
    """

    def __init__(
        self,
        url: str,
        credentials: Callable[[bool], Credentials],
        *,
        verify: Callable[[], bool | str] = lambda: True,
        proxy: str | None = None,
        timeout: tuple[float, float] = (3.05, 30.0),
    ) -> None:
        self._base = base_url(url)
        self._credentials = credentials
        self._verify = verify
        self._timeout = timeout
        self._secrets: set[str] = set()
        self._session = requests.Session()
        self._session.headers.update(JSON_HEADERS)
        self._session.trust_env = False  # no .netrc, no proxy variable: they would change who talks to whom
        if proxy is not None:
            self._session.proxies = {"http": proxy, "https": proxy}
        # Reads are repeated on trouble; a write only if no connection came about: it may have taken effect.
        retry = Retry(
            total=3,
            other=0,  # what TLS refuses once, it refuses again
            status_forcelist={429, 502, 503, 504},
            allowed_methods={"GET", "HEAD"},
            backoff_factor=0.2,
            backoff_jitter=0.2,
            backoff_max=5,
            retry_after_max=5,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    @property
    def username(self) -> str:
        """The account's name; empty with a personal access token."""
        return self._credentials(False).username

    def protect(self, secret: str) -> None:
        """Blot `secret` out of every text from now on (a server may quote what it was sent).

        Also as JSON, HTML and URLs write it. Texts of less than six characters stay: words would suffer.
        """
        for part in (secret, *secret.splitlines()):
            in_json = (json.dumps(part, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
            for written in (part, *in_json, html.escape(part), quote(part), quote(part, safe="")):
                self._secrets.update(text for text in (written, one_line(written)) if len(text) >= 6)

    def blotted(self, text: str) -> str:
        """Return a text without known secrets, and without what looks like an encrypted one."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return _ENCRYPTED.sub("***", text)

    def fit(self, text: str) -> str:
        """Return a text as an error may hold it: on one line, shortened, without secrets."""
        # Before and after: what is folded or resolved looks different then.
        return shortened(self.blotted(one_line(self.blotted(text))))

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json:
        """Return the answer of a GET."""
        return self._call("GET", path, params=params)

    def get_xml(self, path: str) -> str:
        """Return the answer of a GET as XML."""
        return str(self._call("GET", path, accept="application/xml") or "")

    def post(
        self,
        path: str,
        body: Json = None,
        params: Mapping[str, str | int] | Sequence[tuple[str, str]] | None = None,
    ) -> Json:
        """Return the answer of a POST, with a JSON body unless `body` is None."""
        return self._call("POST", path, None if body is None else json.dumps(body).encode(), params)

    def post_xml(self, path: str, body: str) -> Json:
        """Return the answer of a POST with an XML body."""
        return self._call("POST", path, body.encode(), content_type="application/xml")

    def put(self, path: str, body: Json) -> Json:
        """Return the answer of a PUT with a JSON body."""
        return self._call("PUT", path, json.dumps(body).encode())

    def delete(self, path: str) -> None:
        """Send a DELETE."""
        self._call("DELETE", path)

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        params: Mapping[str, str | int] | Sequence[tuple[str, str]] | None = None,
        content_type: str = JSON_HEADERS["Content-Type"],
        accept: str = JSON_HEADERS["Accept"],
    ) -> Json:
        headers = {"Content-Type": content_type, "Accept": accept}
        credentials = self._credentials(False)
        try:
            return self._once(method, path, body, params, headers, credentials)
        except Unauthorized:
            fresh = self._credentials(True)
            if fresh == credentials:
                raise
            return self._once(method, path, body, params, headers, fresh)

    def _once(
        self,
        method: str,
        path: str,
        body: bytes | None,
        params: Mapping[str, str | int] | Sequence[tuple[str, str]] | None,
        headers: Mapping[str, str],
        credentials: Credentials,
    ) -> Json:
        self.protect(credentials.password)
        self.protect(credentials.basic.removeprefix("Basic "))
        try:
            answer = self._session.request(
                method,
                self._base + path,
                params=params,
                data=body,
                headers={**headers, "Authorization": credentials.basic},
                timeout=self._timeout,
                verify=self._verify(),
                allow_redirects=False,  # a redirect would turn a POST into a GET, or leak credentials
            )
        except requests.RequestException as error:
            kind, words = _cause(error)
            raise kind(method, path, None, self.fit(words)) from None
        if "charset" not in answer.headers.get("Content-Type", ""):
            answer.encoding = "utf-8"  # not Latin-1, which requests takes for text of unnamed encoding
        if answer.status_code >= 300:
            raise error_of(method, path, answer.status_code, self.fit(_words(answer)))
        return self._parsed(method, path, answer)

    def _parsed(self, method: str, path: str, answer: requests.Response) -> Json:
        text = answer.text.strip()
        if not text:
            return None
        declared = "json" in answer.headers.get("Content-Type", "")
        if not declared and text[0] not in "{[":
            return text  # bare text, as for a task's id; or XML, which the caller may understand
        try:
            return json.loads(text)
        except ValueError:
            raise Refused(method, path, answer.status_code, "the answer is not valid JSON") from None


def _words(answer: requests.Response) -> str:
    """Return what a failed answer says: its text, or the message inside a JSON envelope."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        return answer.text
    if not isinstance(body, dict):
        return answer.text
    said = body.get("message") or "; ".join(
        str(item.get("message"))
        for key in VALIDATION_KEYS
        for item in body.get(key) or ()
        if isinstance(item, dict)
    )
    return str(said) if said else "refused without words"


def _cause(error: Exception) -> tuple[type[Unreachable], str]:
    """Return kind and words of the innermost cause (``Connection refused``).

    The outer texts repeat the address and the query.
    """
    if isinstance(error, requests.Timeout):
        return Unreachable, "timed out"
    root: BaseException = error
    while True:
        within = (root.__cause__, getattr(root, "reason", None), *root.args)
        inner = next((each for each in within if isinstance(each, BaseException)), None)
        if inner is None:
            break
        root = inner
    if isinstance(root, ssl.SSLCertVerificationError):
        return Untrusted, f"the certificate is not trusted: {root.verify_message.rstrip('.')}"
    if isinstance(root, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Unreachable, "hung up during TLS"
    if isinstance(root, ssl.SSLError):
        return Untrusted, f"TLS fails: {str(root.reason or root).replace('_', ' ').lower()}"
    if isinstance(root, BadStatusLine) and str(root).startswith(_TLS_ALERT):
        return Untrusted, "the server speaks TLS on this port, and the address says http"
    return Unreachable, re.sub(r"^<[^>]*>:?\s*", "", str(root)) or type(root).__name__
