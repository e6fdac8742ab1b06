"""``/control``: operations on items.

Facts: ``ControlService``, ``ControlConverter``, ``ControlJsonConverter`` of the vendor's Java client 4.5.1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lxml import etree
from starlette.responses import Response

from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.wire.exchange import JSON, XML
from cdk_app.sandbox.deploy_server.wire.resources import TaskId
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint
from cdk_app.sandbox.deploy_server.wire.xml_reader import parse

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange


async def _prepare(exchange: Exchange) -> Response:
    control = exchange.deploy.controls.prepare(exchange.user, exchange.path("name"), exchange.path())
    if exchange.json_accepted:
        item = exchange.json_encoder.value(control.item)
        value = {"method": control.name, "controllable": item, "parameters": None}
        return Response(json.dumps(value), media_type=JSON)
    root = etree.Element("control", method=control.name)
    etree.SubElement(root, "controllable").append(exchange.xml_encoder.element(control.item))
    return Response(etree.tostring(root, encoding="UTF-8"), media_type=XML)


async def _create(exchange: Exchange) -> Response:
    name, ci_id = _from_json(exchange) if exchange.sends_json else _from_xml(exchange)
    task = exchange.deploy.controls.create_task(exchange.user, name, ci_id)
    return exchange.answer(TaskId(task.id))


def _from_json(exchange: Exchange) -> tuple[str, str]:
    value = exchange.json_object()
    for key in ("method", "controllable"):
        if key not in value:
            raise RefusedError(f"Missing '{key}' property in JSON:")
    item = value["controllable"]
    if not (isinstance(item, dict) and isinstance(item.get("id"), str)):
        raise RefusedError("The controllable item has no id")
    return str(value["method"]), item["id"].strip("/")


def _from_xml(exchange: Exchange) -> tuple[str, str]:
    root = parse(exchange.body)
    item = root.find("controllable/*")
    name, ci_id = root.get("method"), None if item is None else item.get("id")
    if not (name and ci_id):
        raise RefusedError("A control task needs a method and a controllable item")
    return name, ci_id.strip("/")


CONTROL_ROUTES = (
    Endpoint("GET", "/control/prepare/{name}/{id:path}", _prepare),
    Endpoint("POST", "/control", _create),
)
