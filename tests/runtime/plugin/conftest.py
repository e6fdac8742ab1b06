from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cdk_app.plugin_archive import build_plugin
from cdk_app.sandbox.deploy_server.extension import NoJythonError, Scripts, find_jython

Call = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripts]:
    """The built plugin in one Java process for all cases, with an endpoint that calls its functions."""
    try:
        find_jython()
    except NoJythonError as reason:
        pytest.skip(str(reason))
    archive = build_plugin(tmp_path_factory.mktemp("plugin"))
    with Scripts([archive, Path(__file__).parent / "caller"]) as running:
        yield running


@pytest.fixture
def call(scripts: Scripts) -> Call:
    """Call a function in Jython: its value, or what it refused."""
    endpoint = scripts.find("POST", "/call")
    assert endpoint

    def no_service(*arguments: object) -> None:
        raise AssertionError(f"a pure function called the server: {arguments}")

    def call(name: str, *arguments: object) -> dict[str, Any]:
        entity = {"call": name, "arguments": list(arguments)}
        answer = scripts.run(endpoint, entity, {}, no_service).result(20)
        assert answer.exception is None, answer.exception
        assert isinstance(answer.entity, dict)
        return answer.entity

    return call


def nested(name: str, *arguments: object) -> dict[str, object]:
    """An argument that is itself the value of a call."""
    return {"call": name, "arguments": list(arguments)}
