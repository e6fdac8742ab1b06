"""Secrets Manager and Parameter Store against recorded answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from runtime.aws.secrets import Secrets
from runtime.reconciliation.config import SecretSource
from runtime.reconciliation.errors import Fatal

if TYPE_CHECKING:
    from tests.runtime.aws.stubs import Aws


class TestSecrets:
    def test_a_value_is_read_once_for_a_while_and_again_when_asked_freshly(self, aws: Aws) -> None:
        now = [0.0]
        for value in ("one", "two", "three"):
            aws.stubs["secretsmanager"].add_response(
                "get_secret_value", {"SecretString": json.dumps({"password": value})}
            )
        secrets = Secrets(aws["secretsmanager"], aws["ssm"], lambda: now[0])
        source = SecretSource(secret="deploy", field="password")
        assert [secrets.value(source), secrets.value(source)] == ["one", "one"]
        assert secrets.fields("deploy", fresh=True) == {"password": "two"}
        now[0] = 301.0
        assert secrets.value(source) == "three"

    def test_a_parameter_is_read_decrypted(self, aws: Aws) -> None:
        aws.stubs["ssm"].add_response(
            "get_parameter",
            {"Parameter": {"Value": "key"}},
            {"Name": "/ec2/keypair/key-1", "WithDecryption": True},
        )
        secrets = Secrets(aws["secretsmanager"], aws["ssm"])
        assert secrets.value(SecretSource(parameter="/ec2/keypair/key-1")) == "key"

    def test_a_secret_of_the_wrong_shape_is_named_without_its_value(self, aws: Aws) -> None:
        for text in ("hidden", '["hidden"]'):
            aws.stubs["secretsmanager"].add_response("get_secret_value", {"SecretString": text})
            with pytest.raises(Fatal) as caught:
                Secrets(aws["secretsmanager"], aws["ssm"]).fields("deploy")
            assert str(caught.value) == "secret deploy is not a JSON object"

    def test_a_binary_secret_is_named(self, aws: Aws) -> None:
        aws.stubs["secretsmanager"].add_response("get_secret_value", {"SecretBinary": b"hidden"})
        with pytest.raises(Fatal) as caught:
            Secrets(aws["secretsmanager"], aws["ssm"]).secret("deploy")
        assert str(caught.value) == "secret deploy is binary, expected text"

    def test_a_field_without_a_value_is_as_good_as_none(self, aws: Aws) -> None:
        text = json.dumps({"username": "amy", "port": 4516, "token": None})
        aws.stubs["secretsmanager"].add_response("get_secret_value", {"SecretString": text})
        fields = Secrets(aws["secretsmanager"], aws["ssm"]).fields("deploy")
        assert fields == {"username": "amy", "port": "4516"}

    def test_a_secret_that_is_not_there_is_named(self, aws: Aws) -> None:
        aws.stubs["secretsmanager"].add_client_error(
            "get_secret_value",
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        )
        with pytest.raises(Fatal) as caught:
            Secrets(aws["secretsmanager"], aws["ssm"]).fields("deploy")
        assert str(caught.value) == (
            "secret deploy cannot be read "
            "(ResourceNotFoundException: Secrets Manager can't find the specified secret.)"
        )

    def test_what_may_pass_is_no_reason_to_call_a_person(self, aws: Aws) -> None:
        aws.stubs["ssm"].add_client_error("get_parameter", "ThrottlingException", "Rate exceeded")
        with pytest.raises(ClientError, match="Rate exceeded"):
            Secrets(aws["secretsmanager"], aws["ssm"]).parameter("/ec2/keypair/key-1")
