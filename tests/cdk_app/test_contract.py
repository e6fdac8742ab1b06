"""What the constructs write is what the functions read: each case's settings, seeds and environments."""

from __future__ import annotations

import re

import pytest

from runtime.reconciliation import config
from runtime.seeding import model
from runtime.settings import ReconcilerSettings, SeederSettings, ServerSettings
from tests.cdk_app.cases import CASES, Case, properties
from tests.cdk_app.references import written

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_the_reconciler_reads_the_settings_of_every_group(case: Case) -> None:
    for parameter in properties(case, "AWS::SSM::Parameter"):
        name, value = written(parameter["Name"]), written(parameter["Value"])
        found = config.parse(name.rpartition("/")[2], value)
        assert found.key == name.rpartition("/")[2]
        assert "{group}" not in " ".join((found.environment, found.infrastructure, *found.templates))
        for source in found.secrets.values():
            assert (source.parameter is None) == (source.secret is not None and source.field is not None)
        assert re.fullmatch(r"Infrastructure/.+", found.jumpstation or "Infrastructure/none")


@every_case
def test_the_seeder_reads_every_seed(case: Case) -> None:
    seeds = [model.parse(written(seed)) for seed in properties(case, "Custom::DeploySeed")]
    assert seeds
    for seed in seeds:
        assert seed.items
        for item in seed.items:
            assert item.id.partition("/")[0] in {"Environments", "Infrastructure", "Configuration"}


@every_case
def test_the_functions_read_their_environment(case: Case) -> None:
    for function in properties(case, "AWS::Lambda::Function"):
        if not function["Handler"].startswith("runtime."):
            continue
        environ = written(function["Environment"]["Variables"])
        assert ServerSettings.from_env(environ).url.startswith("https://deploy.")
        if function["Handler"] == "runtime.handlers.seed.handler":
            assert SeederSettings.from_env(environ).records_prefix.endswith("/records")
        else:
            assert ReconcilerSettings.from_env(environ).groups_prefix.endswith("/groups")
