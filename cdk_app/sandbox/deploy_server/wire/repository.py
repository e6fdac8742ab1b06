"""``/repository``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from cdk_app.sandbox.deploy_server.errors import EntityNotFoundError, RefusedError
from cdk_app.sandbox.deploy_server.repository.query import Query
from cdk_app.sandbox.deploy_server.wire import json_reader, xml_reader
from cdk_app.sandbox.deploy_server.wire.resources import Checked, Flag, Items, References
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.repository.model import Draft
    from cdk_app.sandbox.deploy_server.repository.service import Stored
    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange


async def _read(exchange: Exchange) -> Response:
    return exchange.answer(exchange.deploy.repository.read(exchange.user, exchange.path()))


async def _create(exchange: Exchange) -> Response:
    if _is_form(exchange):
        return exchange.answer(await _store_artifact(exchange))
    draft = exchange.draft(exchange.path())
    return exchange.answer(exchange.deploy.repository.create(exchange.user, [draft])[0])


async def _update(exchange: Exchange) -> Response:
    if _is_form(exchange):
        return exchange.answer(await _store_artifact(exchange))
    draft = exchange.draft(exchange.path())
    behaviour = exchange.deploy.behaviour.deployed_application_put
    if draft.type == "udm.DeployedApplication" and behaviour != "accept":
        if behaviour == "refuse":
            raise RefusedError(f"[{draft.id}] can be changed by a deployment only")
        return exchange.answer(exchange.deploy.repository.read(exchange.user, draft.id))
    return exchange.answer(exchange.deploy.repository.update(exchange.user, draft))


async def _delete(exchange: Exchange) -> Response:
    status = exchange.deploy.behaviour.missing_delete_status
    ci_id = exchange.path()
    if status != 204 and ci_id not in exchange.deploy.repository.repository:
        raise EntityNotFoundError(ci_id)
    exchange.deploy.repository.delete(exchange.user, [ci_id], missing_ok=True)
    return exchange.answer(None)


async def _exists(exchange: Exchange) -> Response:
    return exchange.answer(Flag(exchange.path() in exchange.deploy.repository.repository))


async def _create_many(exchange: Exchange) -> Response:
    return exchange.answer(Items(exchange.deploy.repository.create(exchange.user, exchange.drafts())))


async def _put_many(exchange: Exchange) -> Response:
    return exchange.answer(Items(exchange.deploy.repository.put(exchange.user, exchange.drafts())))


async def _read_many(exchange: Exchange) -> Response:
    ids = [ci_id.strip("/") for ci_id in exchange.strings("ids")]
    return exchange.answer(Items(exchange.deploy.repository.read_many(exchange.user, ids)))


async def _delete_many(exchange: Exchange) -> Response:
    ids = [ci_id.strip("/") for ci_id in exchange.strings("ids")]
    exchange.deploy.repository.delete(exchange.user, ids, missing_ok=True)
    return exchange.answer(None)


async def _rename(exchange: Exchange) -> Response:
    old_id = exchange.path()
    renamed = exchange.deploy.repository.rename(exchange.user, old_id, exchange.required("newName"))
    # The answer still has the old id (asserted by the vendor's SDK tests).
    return exchange.answer(replace(renamed, id=old_id))


async def _move(exchange: Exchange) -> Response:
    new_id = exchange.required("newId").strip("/")
    return exchange.answer(exchange.deploy.repository.move(exchange.user, exchange.path(), new_id))


async def _copy(exchange: Exchange) -> Response:
    new_id = exchange.required("newId").strip("/")
    return exchange.answer(exchange.deploy.repository.copy(exchange.user, exchange.path(), new_id))


async def _validate(exchange: Exchange) -> Response:
    checked = exchange.deploy.repository.validate(exchange.user, exchange.drafts())
    return exchange.answer(Items([Checked(draft, messages) for draft, messages in checked]))


async def _candidates(exchange: Exchange) -> Response:
    query = Query(
        name_pattern=exchange.query("namePattern"),
        page=exchange.integer("page", 0),
        results_per_page=exchange.integer("resultsPerPage", 0),
    )
    found = exchange.deploy.repository.candidates(
        exchange.user, exchange.any_draft().type, exchange.required("propertyName"), query
    )
    return exchange.answer(References(found))


async def _query(exchange: Exchange) -> Response:
    return _search(exchange, id_pattern=None)


async def _query_v3(exchange: Exchange) -> Response:
    return _search(exchange, id_pattern=exchange.query("idPattern"))


def _search(exchange: Exchange, id_pattern: str | None) -> Response:
    query = Query(
        type=exchange.query("type"),
        parent=exchange.query("parent"),
        ancestor=exchange.query("ancestor"),
        name_pattern=exchange.query("namePattern"),
        id_pattern=id_pattern,
        modified_before=exchange.moment("lastModifiedBefore"),
        modified_after=exchange.moment("lastModifiedAfter"),
        page=exchange.integer("page", 0),
        results_per_page=exchange.integer("resultsPerPage", 0),
    )
    return exchange.answer(References(exchange.deploy.repository.search(exchange.user, query)))


def _is_form(exchange: Exchange) -> bool:
    return exchange.request.headers.get("content-type", "").startswith("multipart/")


async def _store_artifact(exchange: Exchange) -> Stored:
    """Return an item with its content: fields ``configurationItem`` and ``fileData``."""
    async with exchange.request.form() as form:
        described, file = form.get("configurationItem"), form.get("fileData")
        if isinstance(described, UploadFile):
            described = (await described.read()).decode()
        if not isinstance(described, str) or not isinstance(file, UploadFile):
            raise RefusedError("The form needs the fields configurationItem and fileData")
        name = form.get("filename")
        file_name = name if isinstance(name, str) and name else file.filename or "content"
        content = await file.read()
    draft = _described(exchange, described)
    return exchange.deploy.repository.store_artifact(exchange.user, draft, content, file_name)


def _described(exchange: Exchange, text: str) -> Draft:
    if text.lstrip().startswith("<"):
        return xml_reader.read_item(xml_reader.parse(text.encode()), exchange.deploy.types)
    return json_reader.read_item({"id": exchange.path(), **json.loads(text)})


REPOSITORY_ROUTES = (
    Endpoint("GET", "/repository/ci/{id:path}", _read),
    Endpoint("POST", "/repository/ci/{id:path}", _create),
    Endpoint("PUT", "/repository/ci/{id:path}", _update),
    Endpoint("DELETE", "/repository/ci/{id:path}", _delete),
    Endpoint("GET", "/repository/exists/{id:path}", _exists),
    Endpoint("POST", "/repository/cis", _create_many),
    Endpoint("PUT", "/repository/cis", _put_many),
    Endpoint("POST", "/repository/cis/read", _read_many),
    Endpoint("POST", "/repository/cis/delete", _delete_many),
    Endpoint("POST", "/repository/rename/{id:path}", _rename),
    Endpoint("POST", "/repository/move/{id:path}", _move),
    Endpoint("POST", "/repository/copy/{id:path}", _copy),
    Endpoint("POST", "/repository/validate", _validate),
    Endpoint("POST", "/repository/candidate-values", _candidates),
    Endpoint("GET", "/repository/query", _query),
    Endpoint("GET", "/repository/v2/query", _query),
    Endpoint("GET", "/repository/v3/query", _query_v3),
)
