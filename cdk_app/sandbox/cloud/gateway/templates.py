"""Mapping templates in full Velocity with API Gateway's own variables.

Rendered by airspeed; what the variables hold follows the mapping template reference of the API Gateway
developer guide. API Gateway's own engine cannot run here, so write no template that depends on how an unknown
reference renders.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import airspeed

from cdk_app.sandbox.cloud.gateway import calls, json_path
from cdk_app.sandbox.cloud.gateway.java_values import java_value
from cdk_app.sandbox.cloud.names import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_app.sandbox.cloud.gateway.calls import Call

apigateway = names("services.apigateway_v1", functions=("_render_request_template_v1",))

_ESCAPED = {"\\": "\\\\", '"': '\\"', "'": "\\'", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n"} | {
    "\r": "\\r",
    "\t": "\\t",
}


@dataclass(frozen=True, slots=True)
class Input:
    """``$input``: the payload and the parameters of a request.

    Attributes
    ----------
    body
        The raw payload; API Gateway shows an absent one as ``{}``.
    """

    body: str
    parameters: Mapping[str, Mapping[str, str]]

    def path(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return what a JSONPath points at in the payload."""
        return java_value(json_path.find(_parsed(self.body), path))

    def json(self, path: str) -> str:
        """Return what a JSONPath points at, as JSON text."""
        return json.dumps(self.path(path), ensure_ascii=False, separators=(",", ":"))

    def params(self, name: str | None = None) -> Any:  # noqa: ANN401 - a string, or the map of maps
        """Return one parameter by name (path, query string, header, in this order), or all of them."""
        if name is None:
            return {where: dict(values) for where, values in self.parameters.items()}
        for where in ("path", "querystring"):
            if name in self.parameters[where]:
                return self.parameters[where][name]
        headers = {key.lower(): value for key, value in self.parameters["header"].items()}
        return headers.get(name.lower(), "")


class Util:
    """``$util``."""

    def escapeJavaScript(self, text: object) -> str:  # noqa: N802 - API Gateway's name
        """Escape text for a JavaScript string, ``'`` included, as Apache Commons Lang does."""
        return "".join(_escaped(character) for character in str(text))

    def urlEncode(self, text: object) -> str:  # noqa: N802 - as above
        """Encode text for a form field."""
        return urllib.parse.quote_plus(str(text), safe="*").replace("~", "%7E")

    def urlDecode(self, text: object) -> str:  # noqa: N802 - as above
        """Decode text of a form field."""
        return urllib.parse.unquote_plus(str(text))

    def base64Encode(self, text: object) -> str:  # noqa: N802 - as above
        """Encode text in base64."""
        return base64.b64encode(str(text).encode()).decode()

    def base64Decode(self, text: object) -> str:  # noqa: N802 - as above
        """Decode base64 text."""
        return base64.b64decode(str(text)).decode()

    def parseJson(self, text: object) -> Any:  # noqa: N802, ANN401 - any JSON value
        """Parse JSON text."""
        return java_value(json.loads(str(text)))


def render(
    template: str, payload: str, call: Call | None = None, more_context: Mapping[str, Any] | None = None
) -> str:
    """Render a mapping template.

    Parameters
    ----------
    template
        The template's text.
    payload
        What ``$input`` holds: the request's body, or the backend's response in a response template.
    call
        The request, for parameters, ``$context`` and ``$stageVariables``.
    more_context
        Further members of ``$context``, such as the authorizer's.
    """
    parameters: dict[str, Mapping[str, str]] = {"path": {}, "querystring": {}, "header": {}}
    context: dict[str, Any] = {}
    variables: Mapping[str, str] = {}
    if call is not None:
        query = {name: values[-1] for name, values in call.query.items() if values}
        parameters = {"path": call.path_parameters, "querystring": query, "header": call.headers}
        context, variables = call.context, call.stage_variables
    namespace = {
        "input": Input(payload or "{}", parameters),
        "util": Util(),
        "context": {**context, **(more_context or {})},
        "stageVariables": variables,
    }
    return str(airspeed.Template(template).merge(namespace))


def _escaped(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in range(0, len(units), 2))


def _parsed(body: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(body)
    except ValueError:
        return None


def _render(
    template: str, body: str, _parameters: dict[str, str], context: dict[str, Any] | None = None
) -> str:
    return render(template, body, calls.current.get(None), context)


def install() -> None:
    """Replace MiniStack's own renderer of request and response templates."""
    apigateway._render_request_template_v1 = _render
