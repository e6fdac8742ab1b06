from __future__ import annotations

import importlib

import pytest

from cdk_app.sandbox.cloud.names import MissingNameError, names


def test_names_that_exist_give_the_module() -> None:
    assert names("core.arn", functions=("parse_arn",)).parse_arn


def test_a_missing_function_stops_with_its_name_and_the_version_to_install() -> None:
    with pytest.raises(
        MissingNameError, match=r"core\.arn .* lacks nothing_like_it \(a function\).*ministack==1\.5\.33"
    ):
        names("core.arn", functions=("parse_arn", "nothing_like_it"))


def test_names_must_be_of_the_kind_that_is_used() -> None:
    wrong = r"_ARN_PREFIX \(a function\), _ARN_SECTIONS \(a container\), parse_arn \(a number\)"
    with pytest.raises(MissingNameError, match=wrong):
        names("core.arn", functions=("_ARN_PREFIX",), stores=("_ARN_SECTIONS",), numbers=("parse_arn",))


def test_every_gap_can_be_installed() -> None:
    server = importlib.import_module("cdk_app.sandbox.cloud.server")
    for gap in server.GAPS:
        assert callable(importlib.import_module(f"cdk_app.sandbox.cloud.{gap}").install)
