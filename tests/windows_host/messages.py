"""Messages of WS-Management for the command shell, as the specifications MS-WSMV and DSP0226 have them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Final

from lxml import etree

SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
RESOURCE: Final = f"{SHELL}/cmd"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
_NAMESPACES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "x": TRANSFER,
    "rsp": SHELL,
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
}
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_DEFAULT_SECONDS = 60.0


class Problem(Enum):
    """Fault: whose it is, its subcode, its number in Windows' list of errors, and its text."""

    TIMED_OUT = ("s:Receiver", "w:TimedOut", 2150858793, "The operation timed out.")
    NO_SUCH_SHELL = ("s:Sender", "w:InvalidSelectors", 2150858843, "The shell was not found.")
    NO_SUCH_COMMAND = ("s:Sender", "w:InvalidParameter", 2150858810, "The command was not found.")
    UNKNOWN_RESOURCE = ("s:Sender", "a:DestinationUnreachable", 2150858811, "The resource URI is not known.")
    UNKNOWN_ACTION = ("s:Sender", "a:ActionNotSupported", 2150858771, "The action is not supported.")
    UNSUPPORTED = ("s:Sender", "w:UnsupportedFeature", 2150858818, "The feature is not supported.")
    MALFORMED = ("s:Sender", "w:SchemaValidationError", 2150858817, "The message does not match its schema.")


class Fault(Exception):  # noqa: N818 - SOAP's name
    """What a request is answered with when it cannot be done."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value[-1])
        self.problem = problem


@dataclass(frozen=True)
class Request:
    """What a client asks for; `body` is the envelope's body."""

    action: str
    message_id: str
    shell_id: str
    options: Mapping[str, str]
    seconds: float
    body: etree._Element = field(repr=False)

    def all(self, path: str) -> list[etree._Element]:
        """Return the body's elements at a path."""
        return self.body.findall(path, _NAMESPACES)

    def text(self, path: str) -> str:
        """Return the text of the one element at a path; a fault if it is not there."""
        found = self.body.find(path, _NAMESPACES)
        if found is None:
            raise Fault(Problem.MALFORMED)
        return (found.text or "").strip()

    def attribute(self, path: str, name: str) -> str:
        """Return an attribute of the one element at a path; a fault if it is not there."""
        found = self.body.find(path, _NAMESPACES)
        value = None if found is None else found.get(name)
        if value is None:
            raise Fault(Problem.MALFORMED)
        return value


def read(data: bytes) -> Request:
    """Read a request's envelope."""
    try:
        envelope = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise Fault(Problem.MALFORMED) from error
    header, body = (envelope.find(f"s:{part}", _NAMESPACES) for part in ("Header", "Body"))
    if header is None or body is None:
        raise Fault(Problem.MALFORMED)
    if header.findtext("w:ResourceURI", "", _NAMESPACES).strip() != RESOURCE:
        raise Fault(Problem.UNKNOWN_RESOURCE)
    options = header.findall("w:OptionSet/w:Option", _NAMESPACES)
    return Request(
        action=header.findtext("a:Action", "", _NAMESPACES).strip(),
        message_id=header.findtext("a:MessageID", "", _NAMESPACES).strip(),
        shell_id=header.findtext("w:SelectorSet/w:Selector[@Name='ShellId']", "", _NAMESPACES).strip(),
        options={each.get("Name", ""): (each.text or "").strip() for each in options},
        seconds=_seconds(header.findtext("w:OperationTimeout", "", _NAMESPACES).strip()),
        body=body,
    )


def _seconds(duration: str) -> float:
    if not duration:
        return _DEFAULT_SECONDS
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise Fault(Problem.MALFORMED)
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return (hours * 60 + minutes) * 60 + seconds


def element(name: str, *children: etree._Element | str, **attributes: str) -> etree._Element:
    """Make an element of a prefixed name, such as ``rsp:Stream``, with its text or children."""
    prefix, local = name.split(":")
    made = etree.Element(f"{{{_NAMESPACES[prefix]}}}{local}", attributes, _NAMESPACES)
    for child in children:
        if isinstance(child, str):
            made.text = child
        else:
            made.append(child)
    return made


def response(request: Request, *content: etree._Element) -> bytes:
    """Write the answer to a request: its action is the request's with ``Response`` behind it."""
    return _envelope(f"{request.action}Response", request.message_id, *content)


def fault(problem: Problem, message_id: str) -> tuple[HTTPStatus, bytes]:
    """Write a fault, with the status of HTTP that SOAP gives it."""
    whose, subcode, number, text = problem.value
    content = element(
        "s:Fault",
        element("s:Code", element("s:Value", whose), element("s:Subcode", element("s:Value", subcode))),
        element("s:Reason", element("s:Text", text)),
        element("s:Detail", element("f:WSManFault", element("f:Message", text), Code=str(number))),
    )
    return HTTPStatus.INTERNAL_SERVER_ERROR, _envelope(_FAULT_ACTION, message_id, content)


def _envelope(action: str, relates_to: str, *content: etree._Element) -> bytes:
    header = element(
        "s:Header",
        element("a:Action", action),
        element("a:MessageID", f"uuid:{str(uuid.uuid4()).upper()}"),
        element("a:To", _ANONYMOUS),
        element("a:RelatesTo", relates_to),
    )
    return etree.tostring(element("s:Envelope", header, element("s:Body", *content)), encoding="utf-8")
