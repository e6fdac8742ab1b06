"""Secrets as a server may show them to scripts: in clear, encrypted, masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.extension import Scripts

CLOUD = {"accesskey": "AKIDEXAMPLE"}
SERVER = {"url": "https://deploy.example.com", "username": "plugin", "token": None, "certificates": None}


def read(scripts: Scripts, method: str, *arguments: str, properties: dict[str, Any]) -> dict[str, Any]:
    endpoint = scripts.find("POST", "/read")
    assert endpoint

    def service(name: str, value: str) -> object:
        if name == "decrypt":
            return f"clear of {value}"
        assert name == "read"
        return {"id": value, "type": "x", "properties": properties}

    answer = scripts.run(endpoint, {"method": method, "arguments": list(arguments)}, {}, service).result(20)
    assert answer.exception is None, answer.exception
    assert isinstance(answer.entity, dict)
    return answer.entity


@pytest.mark.parametrize(("shown", "secret"), [("in clear", "in clear"), ("{b64}x==", "clear of {b64}x==")])
def test_secrets_are_read_in_clear_or_decrypted(scripts: Scripts, shown: str, secret: str) -> None:
    cloud = read(scripts, "cloud", "Infrastructure/aws", properties={**CLOUD, "accessSecret": shown})
    assert cloud["value"]["accessSecret"] == secret
    server = read(scripts, "server", "Configuration/deploy", properties={**SERVER, "password": shown})
    assert server["value"]["password"] == secret


def test_a_token_needs_no_user(scripts: Scripts) -> None:
    properties = {**SERVER, "username": None, "password": None, "token": "dpa_x"}
    assert read(scripts, "server", "Configuration/deploy", properties=properties)["value"]["token"] == "dpa_x"


@pytest.mark.parametrize(
    ("method", "properties", "told"),
    [
        ("cloud", {**CLOUD, "accessSecret": "********"}, "does not show scripts its accessSecret"),
        ("cloud", {**CLOUD, "accessSecret": None}, "no accesskey with accessSecret"),
        ("server", {**SERVER, "password": "********"}, "does not show scripts its password"),
        ("server", {**SERVER, "password": None}, "no token, and no username with password"),
    ],
)
def test_what_cannot_be_used_is_refused(
    scripts: Scripts, method: str, properties: dict[str, Any], told: str
) -> None:
    answer = read(scripts, method, "Configuration/x", properties=properties)
    assert answer["refused"] == 422
    assert answer["reason"].startswith("Configuration/x: ")
    assert told in answer["reason"]
