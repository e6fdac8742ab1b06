"""One request and its answer: formats, parameters, bodies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from cdk_app.sandbox.deploy_server.errors import InvalidItemsError, RefusedError, UnparsableError
from cdk_app.sandbox.deploy_server.types import UnknownTypeError
from cdk_app.sandbox.deploy_server.wire import json_reader, json_writer, xml_reader, xml_writer
from cdk_app.sandbox.deploy_server.wire.failures import exception_headers
from cdk_app.sandbox.deploy_server.wire.resources import Checked, Items, TaskId
from cdk_app.sandbox.deploy_server.wire.views import Presenter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.deployment.model import DeploymentDraft
    from cdk_app.sandbox.deploy_server.repository.model import Draft
    from cdk_app.sandbox.deploy_server.security.model import User
    from cdk_app.sandbox.deploy_server.wire.resources import Resource

JSON = "application/json"
XML = "application/xml"


def wants_json(accept: str | None) -> bool:
    """Whether an answer is JSON: only if it is named and XML is not preferred; XML is the default."""
    best = {"json": 0.0, "xml": 0.0}
    for part in (accept or "").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if name == JSON:
            best["json"] = max(best["json"], quality)
        elif name in (XML, "text/xml"):
            best["xml"] = max(best["xml"], quality)
    return best["json"] > 0 and best["json"] >= best["xml"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of an authenticated user, with the server that answers it."""

    request: Request
    deploy: Deploy
    user: User
    body: bytes

    @property
    def json_accepted(self) -> bool:
        """Whether the answer is JSON."""
        return wants_json(self.request.headers.get("accept"))

    def path(self, name: str = "id") -> str:
        """Return a path parameter; ids come without slashes at their ends."""
        return str(self.request.path_params[name]).strip("/")

    def query(self, name: str) -> str | None:
        """Return a query parameter, ``None`` when absent or empty."""
        return self.request.query_params.get(name) or None

    def required(self, name: str) -> str:
        """Return a query parameter that must be there.

        Raises
        ------
        RefusedError
            It is not.
        """
        value = self.query(name)
        if value is None:
            raise RefusedError(f"Query parameter {name} is required")
        return value

    def integer(self, name: str, default: int) -> int:
        """Return a number among the query parameters.

        Raises
        ------
        RefusedError
            It is none.
        """
        text = self.query(name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise RefusedError(f"Query parameter {name} is not a number: [{text}]") from None

    def moment(self, name: str) -> datetime | None:
        """Return a date or a date with time among the query parameters; without an offset it is UTC.

        Raises
        ------
        RefusedError
            It is neither (text of the vendor's ``DateTimeAdapter``).
        """
        text = self.query(name)
        if text is None:
            return None
        try:
            # A plus sign that the client did not encode arrives as a space.
            text = text.strip()
            moment = datetime.fromisoformat(text.replace(" ", "+", 1) if "T" in text else text)
        except ValueError:
            raise RefusedError(f"Could not parse date [{text}] using ISO8601 or RFC822 pattern.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def sends_json(self) -> bool:
        """Whether the body is JSON; XML is the default."""
        return JSON in self.request.headers.get("content-type", XML)

    def any_draft(self) -> Draft:
        """Return the item in the body, whatever its id."""
        if self.sends_json:
            return json_reader.read_item({"id": "", **self.json_object()})
        return xml_reader.read_item(xml_reader.parse(self.body), self.deploy.types)

    def draft(self, ci_id: str) -> Draft:
        """Return the item in the body; the id of the path is its id.

        Raises
        ------
        UnparsableError
            There is none.
        RefusedError
            The body has another id.
        """
        draft = self.any_draft()
        if not draft.id:
            draft = replace(draft, id=ci_id)
        if draft.id != ci_id:
            raise RefusedError(f"The id of the path [{ci_id}] is not that of the body [{draft.id}]")
        return draft

    def drafts(self) -> list[Draft]:
        """Return the items in the body."""
        if self.sends_json:
            return json_reader.read_items(json_reader.parse(self.body))
        return xml_reader.read_items(xml_reader.parse(self.body), self.deploy.types)

    def strings(self, *keys: str) -> list[str]:
        """Return the texts in the body."""
        if self.sends_json:
            return json_reader.read_strings(json_reader.parse(self.body), *keys)
        return xml_reader.read_strings(xml_reader.parse(self.body))

    def numbers(self) -> list[str]:
        """Return the whole numbers in the body, as texts.

        Raises
        ------
        UnparsableError
            There is no list of them.
        """
        if self.sends_json:
            value = json_reader.parse(self.body)
            if not isinstance(value, list):
                raise UnparsableError("Expected a list of numbers in JSON")
            return [str(number) for number in value]
        return xml_reader.read_strings(xml_reader.parse(self.body))

    def json_object(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        Raises
        ------
        UnparsableError
            There is none.
        """
        value = json_reader.parse(self.body)
        if not isinstance(value, dict):
            raise UnparsableError("Expected an object in JSON")
        return value

    def deployment(self) -> DeploymentDraft:
        """Return the Deployment object in the body."""
        if self.sends_json:
            return json_reader.read_deployment(json_reader.parse(self.body))
        return xml_reader.read_deployment(xml_reader.parse(self.body), self.deploy.types)

    def answer(self, resource: Resource | None, status: int = 200) -> Response:
        """Return the answer with a resource, or without a body."""
        if resource is None:
            return Response(status_code=204)
        if isinstance(resource, TaskId) and not self.json_accepted:
            return Response(resource.value, status, media_type="text/plain")
        if self.json_accepted:
            return Response(self.json_encoder.encode(resource), status, media_type=JSON)
        return Response(self.xml_encoder.encode(resource), status, media_type=XML)

    @property
    def json_encoder(self) -> json_writer.JsonEncoder:
        """What writes JSON, as the server is set."""
        masked = self.deploy.behaviour.hidden_values == "masked"
        return json_writer.JsonEncoder(self._presenter(mask=masked), self.deploy.behaviour)

    @property
    def xml_encoder(self) -> xml_writer.XmlEncoder:
        """What writes XML."""
        return xml_writer.XmlEncoder(self._presenter(mask=False))

    def _presenter(self, *, mask: bool) -> Presenter:
        return Presenter(self.deploy.repository.repository, self.deploy.cipher, mask=mask)

    def invalid(self, error: InvalidItemsError) -> Response | None:
        """Return the items of a refused write with their messages, where the answer has them.

        ``X-Entity`` tells the vendor's Java client to take the body as the result of the call, which is
        why a refused create looks like a success there.
        """
        behaviour = self.deploy.behaviour
        json_put = self.json_accepted and self.request.method == "PUT"
        if behaviour.invalid_post_body == "text" or json_put:
            return None
        checked = [Checked(draft, error.messages.get(draft.id, ())) for draft in error.drafts]
        many = self.request.url.path.rstrip("/").endswith("/cis")
        try:
            response = self.answer(_body(checked, many=many), behaviour.invalid_status)
        except UnknownTypeError:
            return None
        headers = exception_headers(error, self.request.url.path, behaviour)
        response.headers.update({**headers, **({"X-Entity": "true"} if headers else {})})
        return response


def _body(checked: Sequence[Checked], *, many: bool) -> Resource:
    return Items(checked) if many or len(checked) != 1 else checked[0]
