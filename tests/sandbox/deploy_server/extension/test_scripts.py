from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cdk_app.sandbox.deploy_server.extension import (
    NoJythonError,
    ScriptAnswer,
    Scripts,
    ServiceError,
    find_jython,
)

SCRIPTS = {
    "echo": (
        "query = dict(request.query)\n"
        "response.entity = {'entity': request.entity, 'query': query, 'one': request.query['one']}"
    ),
    "status": (
        "response.statusCode = 201\n"
        "response.headers = {'Location': '/x'}\n"
        "print 'said'\n"
        "logger.warn('warned')"
    ),
    "crash": "response.statusCode = 201\nprint 'before'\nraise ValueError('wrong')",
    "java_crash": "from java.lang import Integer\nInteger.parseInt('x')",
    "python3": "f'{1}'",
    "read": (
        "from com.xebialabs.deployit.plugin.api.reflect import Type\n"
        "kind = Type.valueOf('overthere.SshHost')\n"
        "found = repositoryService.query(kind, None, None, None, None, None, 0, -1)\n"
        "host = repositoryService.read(found[0].getId())\n"
        "response.entity = [found[0].id, str(host.getType()), host.getProperty('port'), host.getAddress(),\n"
        "                   host.getProperty('jumpstation').getId(), host.jumpstation.address,\n"
        "                   host.hasProperty('nothing'), host.getProperty('username')]"
    ),
    "missing": (
        "from com.xebialabs.deployit.exception import NotFoundException\n"
        "try:\n"
        "    repositoryService.read('Infrastructure/none')\n"
        "except NotFoundException as error:\n"
        "    response.entity = str(error)"
    ),
    "decrypt": (
        "from com.xebialabs.deployit.util import PasswordEncrypter\n"
        "e = PasswordEncrypter.getInstance()\n"
        "response.entity = [e.decrypt(v) if e.isEncrypted(v) else v for v in ('{b64}x', 'clear')]"
    ),
    "create": (
        "from com.xebialabs.deployit.plugin.api.reflect import Type\n"
        "host = Type.valueOf('overthere.SshHost').getDescriptor().newInstance('Infrastructure/new')\n"
        "host.setProperty('address', '10.0.0.1')\n"
        "host.setProperty('jumpstation', repositoryService.read('Infrastructure/bastion'))\n"
        "response.entity = repositoryService.create(host.getId(), host).getId()"
    ),
}
HOST = {
    "address": "10.0.0.1",
    "port": 22,
    "username": None,
    "jumpstation": {"$reference": "Infrastructure/bastion", "type": "overthere.SshJumpstation"},
}
ITEMS: Mapping[str, Mapping[str, Any]] = {
    "Infrastructure/h": {"id": "Infrastructure/h", "type": "overthere.SshHost", "properties": HOST},
    "Infrastructure/bastion": {
        "id": "Infrastructure/bastion",
        "type": "overthere.SshJumpstation",
        "properties": {"address": "203.0.113.10"},
    },
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripts]:
    try:
        find_jython()
    except NoJythonError as reason:
        pytest.skip(str(reason))
    plugin: Path = tmp_path_factory.mktemp("plugin")
    endpoints = []
    for name, text in {**SCRIPTS, "wait": "response.entity = repositoryService.exists('x')"}.items():
        (plugin / f"{name}.py").write_text(text)
        endpoints.append(f'<endpoint path="/{name}" script="{name}.py"/>')
    (plugin / "xl-rest-endpoints.xml").write_text(f"<endpoints>{''.join(endpoints)}</endpoints>")
    with Scripts([plugin], {"SOME_VARIABLE": "x"}) as running:
        yield running


def service(name: str, *arguments: Any) -> Any:  # noqa: ANN401 - whatever a script sends
    if name == "type":
        return arguments[0]
    if name == "query":
        return [{"id": "Infrastructure/h", "type": "overthere.SshHost"}]
    if name == "decrypt":
        return f"clear of {arguments[0]}"
    if name == "create":
        ci_id, kind, properties = arguments
        assert (kind, properties) == (
            "overthere.SshHost",
            {"address": "10.0.0.1", "jumpstation": "Infrastructure/bastion"},
        )
        return {"id": ci_id, "type": kind, "properties": properties}
    if arguments[0] not in ITEMS:
        raise ServiceError("NotFoundException", f"Repository entity [{arguments[0]}] not found")
    return ITEMS[arguments[0]]


def run(
    scripts: Scripts, name: str, entity: object = None, query: Mapping[str, str] | None = None
) -> ScriptAnswer:
    endpoint = scripts.find("GET", f"/{name}")
    assert endpoint
    return scripts.run(endpoint, entity, query or {}, service).result(20)


def test_a_script_sees_body_and_query(scripts: Scripts) -> None:
    answer = run(scripts, "echo", {"a": [1, "é", None]}, {"one": "ä b"})
    assert answer.http_status == 200
    assert answer.body == {
        "entity": {"entity": {"a": [1, "é", None]}, "query": {"one": "ä b"}, "one": "ä b"},
        "stdout": "",
        "stderr": "",
        "exception": None,
    }


def test_status_headers_and_what_was_printed(scripts: Scripts) -> None:
    answer = run(scripts, "status")
    assert (answer.http_status, answer.headers) == (201, {"Location": "/x"})
    assert (answer.stdout, answer.stderr) == ("said\n", "warned\n")


@pytest.mark.parametrize(
    ("name", "told"),
    [("crash", "ValueError: wrong"), ("java_crash", "NumberFormatException"), ("python3", "SyntaxError")],
)
def test_an_exception_is_a_500_whatever_status_was_set(scripts: Scripts, name: str, told: str) -> None:
    answer = run(scripts, name)
    assert answer.http_status == 500
    assert told in str(answer.exception)


def test_what_was_printed_before_an_exception_is_there(scripts: Scripts) -> None:
    assert run(scripts, "crash").stdout == "before\n"


def test_items_are_read_as_java_objects_are(scripts: Scripts) -> None:
    assert run(scripts, "read").entity == [
        "Infrastructure/h",
        "overthere.SshHost",
        22,
        "10.0.0.1",
        "Infrastructure/bastion",
        "203.0.113.10",
        False,
        None,
    ]


def test_a_refusal_is_an_exception_of_deploys_name(scripts: Scripts) -> None:
    assert run(scripts, "missing").entity == "Repository entity [Infrastructure/none] not found"


def test_encrypted_values_are_decrypted_by_the_server(scripts: Scripts) -> None:
    assert run(scripts, "decrypt").entity == ["clear of {b64}x", "clear"]


def test_items_are_made_and_written(scripts: Scripts) -> None:
    assert run(scripts, "create").entity == "Infrastructure/new"


def test_a_slow_call_of_one_script_does_not_hold_up_another(scripts: Scripts) -> None:
    released = threading.Event()
    endpoint = scripts.find("GET", "/wait")
    assert endpoint

    def slow(*_: object) -> bool:
        return released.wait(20)

    waiting = scripts.run(endpoint, None, {}, slow)
    try:
        assert run(scripts, "status").http_status == 201
        assert not waiting.done()
    finally:
        released.set()
    assert waiting.result(20).entity is True


def test_a_java_process_that_ended_fails_its_scripts_and_is_replaced(scripts: Scripts) -> None:
    endpoint = scripts.find("GET", "/wait")
    assert endpoint
    asked, released = threading.Event(), threading.Event()

    def slow(*_: object) -> bool:
        asked.set()
        return released.wait(20)

    cut_off = scripts.run(endpoint, None, {}, slow)
    try:
        assert asked.wait(20)
        process = scripts._process
        assert process
        process.kill()
        with pytest.raises(RuntimeError, match="the Java process of the endpoint scripts has ended"):
            cut_off.result(20)
        assert process.stdin
        assert process.stdout
        assert (process.stdin.closed, process.stdout.closed) == (True, True)
    finally:
        released.set()
    assert run(scripts, "status").http_status == 201
