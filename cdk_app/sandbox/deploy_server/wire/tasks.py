"""``/tasks/v2``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from cdk_app.sandbox.deploy_server.errors import RefusedError
from cdk_app.sandbox.deploy_server.wire.resources import BlockView, Tasks
from cdk_app.sandbox.deploy_server.wire.routes import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_app.sandbox.deploy_server.wire.exchange import Exchange


async def _current(exchange: Exchange) -> Response:
    return exchange.answer(Tasks(exchange.deploy.tasks.current(exchange.user)))


async def _all_current(exchange: Exchange) -> Response:
    return exchange.answer(Tasks(exchange.deploy.tasks.all_current(exchange.user)))


async def _query(exchange: Exchange) -> Response:
    found = exchange.deploy.tasks.archived(
        exchange.user, exchange.moment("begindate"), exchange.moment("enddate")
    )
    limit = exchange.deploy.behaviour.max_page_size
    size = exchange.integer("resultsPerPage", limit)
    size = min(size, limit) if size > 0 else limit
    # Pages start at 1 in the only public client that pages; 0 gives the first one too.
    page = max(exchange.integer("page", 1), 1)
    return exchange.answer(Tasks(found[(page - 1) * size : page * size]))


async def _read(exchange: Exchange) -> Response:
    return exchange.answer(exchange.deploy.tasks.read(exchange.user, exchange.path("task")))


async def cancel(exchange: Exchange) -> Response:
    """Give a task up."""
    await exchange.deploy.tasks.cancel(exchange.user, exchange.path("task"))
    return exchange.answer(None)


async def _force_cancel(exchange: Exchange) -> Response:
    await exchange.deploy.tasks.cancel(exchange.user, exchange.path("task"), force=True)
    return exchange.answer(None)


async def start(exchange: Exchange) -> Response:
    """Run a task from where it stands."""
    exchange.deploy.tasks.start(exchange.user, exchange.path("task"))
    return exchange.answer(None)


async def stop(exchange: Exchange) -> Response:
    """Let a task come to rest."""
    exchange.deploy.tasks.stop(exchange.user, exchange.path("task"))
    return exchange.answer(None)


async def abort(exchange: Exchange) -> Response:
    """Interrupt a task."""
    exchange.deploy.tasks.abort(exchange.user, exchange.path("task"))
    return exchange.answer(None)


async def archive(exchange: Exchange) -> Response:
    """Close an executed task."""
    exchange.deploy.tasks.archive(exchange.user, exchange.path("task"))
    return exchange.answer(None)


async def schedule(exchange: Exchange) -> Response:
    """Start a task at a time."""
    when = exchange.moment("time")
    if when is None:
        raise RefusedError("Query parameter time is required")
    exchange.deploy.tasks.schedule(exchange.user, exchange.path("task"), when)
    return exchange.answer(None)


async def _skip(exchange: Exchange) -> Response:
    paths = exchange.strings("steps", "stepIds", "stepPaths")
    task = exchange.deploy.tasks.skip(exchange.user, exchange.path("task"), paths, skip=True)
    return exchange.answer(task)


async def _unskip(exchange: Exchange) -> Response:
    paths = exchange.strings("steps", "stepIds", "stepPaths")
    task = exchange.deploy.tasks.skip(exchange.user, exchange.path("task"), paths, skip=False)
    return exchange.answer(task)


async def _add_pause(exchange: Exchange) -> Response:
    block = exchange.deploy.tasks.add_pause(exchange.user, exchange.path("task"), exchange.path("step"))
    return exchange.answer(BlockView(block, steps=True))


async def _assign(exchange: Exchange) -> Response:
    return exchange.answer(
        exchange.deploy.tasks.assign(exchange.user, exchange.path("task"), exchange.path("owner"))
    )


async def _take_over(exchange: Exchange) -> Response:
    return exchange.answer(
        exchange.deploy.tasks.take_over(exchange.user, exchange.path("task"), exchange.path("owner"))
    )


async def _block(exchange: Exchange) -> Response:
    block = exchange.deploy.tasks.block(exchange.user, exchange.path("task"), exchange.path("block"))
    return exchange.answer(BlockView(block, steps=False))


async def _block_steps(exchange: Exchange) -> Response:
    block = exchange.deploy.tasks.block(exchange.user, exchange.path("task"), exchange.path("block"))
    return exchange.answer(BlockView(block, steps=True))


async def _step(exchange: Exchange) -> Response:
    return exchange.answer(
        exchange.deploy.tasks.step(exchange.user, exchange.path("task"), exchange.path("step"))
    )


async def _step_log(exchange: Exchange) -> Response:
    step = exchange.deploy.tasks.step(exchange.user, exchange.path("task"), exchange.path("step"))
    return PlainTextResponse(step.log)


TASK_ROUTES = (
    Endpoint("GET", "/tasks/v2/current", _current),
    Endpoint("GET", "/tasks/v2/current/all", _all_current),
    Endpoint("GET", "/tasks/v2/query", _query),
    Endpoint("GET", "/tasks/v2/export", _query),
    Endpoint("GET", "/tasks/v2/{task}", _read),
    Endpoint("GET", "/tasks/v2/{task}/full", _read),
    Endpoint("GET", "/tasks/v2/{task}/summary", _read),
    Endpoint("DELETE", "/tasks/v2/{task}", cancel),
    Endpoint("DELETE", "/tasks/v2/{task}/force", _force_cancel),
    Endpoint("POST", "/tasks/v2/{task}/start", start),
    Endpoint("POST", "/tasks/v2/{task}/stop", stop),
    Endpoint("POST", "/tasks/v2/{task}/abort", abort),
    Endpoint("POST", "/tasks/v2/{task}/archive", archive),
    Endpoint("POST", "/tasks/v2/{task}/schedule", schedule),
    Endpoint("POST", "/tasks/v2/{task}/skip", _skip),
    Endpoint("POST", "/tasks/v2/{task}/unskip", _unskip),
    Endpoint("POST", "/tasks/v2/{task}/add-pause/{step}", _add_pause),
    Endpoint("POST", "/tasks/v2/{task}/assign/{owner}", _assign),
    Endpoint("POST", "/tasks/v2/{task}/takeover/{owner}", _take_over),
    Endpoint("GET", "/tasks/v2/{task}/block/{block}", _block),
    Endpoint("GET", "/tasks/v2/{task}/block/{block}/step", _block_steps),
    Endpoint("GET", "/tasks/v2/{task}/step/{step}", _step),
    Endpoint("GET", "/tasks/v2/{task}/step-log/{step}", _step_log),
)
