"""HTTP as the public clients speak it: their headers, their bodies, their status expectations."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import requests
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 20.0
"""Seconds that a task or a state may take before a test gives up."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One client program: where it calls and what it always sends.

    Parameters
    ----------
    base
        Up to and including ``/deployit``, as the program configures it.
    headers
        Sent with every call. ``requests`` itself adds ``Accept: */*`` where a program sends none.
    """

    base: str
    headers: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, str] = ("admin", "admin")

    def call(self, method: str, path: str, body: str | bytes | None, expect: int | None) -> requests.Response:
        """The answer to one call, which must have the expected status (``None``: any)."""
        response = requests.request(
            method,
            f"{self.base}/{path}",
            data=body.encode() if isinstance(body, str) else body,
            headers=self.headers,
            auth=self.auth,
            timeout=PATIENCE,
        )
        if expect is not None:
            assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def get(self, path: str, expect: int | None = 200) -> requests.Response:
        """GET, see `call`."""
        return self.call("GET", path, None, expect)

    def post(self, path: str, body: str | bytes | None = None, expect: int | None = 200) -> requests.Response:
        """POST, see `call`."""
        return self.call("POST", path, body, expect)

    def put(self, path: str, body: str | bytes | None = None, expect: int | None = 200) -> requests.Response:
        """PUT, see `call`."""
        return self.call("PUT", path, body, expect)

    def delete(self, path: str, expect: int | None = 200) -> requests.Response:
        """DELETE, see `call`."""
        return self.call("DELETE", path, None, expect)


def xml(response: requests.Response) -> etree._Element:
    """Root element of an XML answer."""
    assert "xml" in response.headers["Content-Type"], response.headers["Content-Type"]
    return etree.fromstring(response.content)


def texts(element: etree._Element, path: str) -> list[str]:
    """What an XPath of attributes or texts finds."""
    return [str(found) for found in cast("list[object]", element.xpath(path))]


def eventually(look: Callable[[], str], *wanted: str) -> str:
    """The value once it is one of those wanted; fails with the last value when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while (value := look()) not in wanted:
        assert time.monotonic() < deadline, f"still {value}, wanted {wanted}"
        time.sleep(0.02)
    return value
