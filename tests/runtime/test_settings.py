from __future__ import annotations

import pytest

from runtime.settings import ReconcilerSettings, SeederSettings, ServerSettings, SettingsError

COMPLETE = {
    "DEPLOY_URL": "https://deploy",
    "DEPLOY_CREDENTIALS": "deploy",
    "GROUPS_PREFIX": "/hub/groups",
    "QUEUE_URL": "https://queue",
    "RECORDS_PREFIX": "/hub/records",
}


def test_all_missing_names_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        ReconcilerSettings.from_env({"QUEUE_URL": "https://queue", "DEPLOY_URL": ""})
    assert str(caught.value) == (
        "environment variables are missing: DEPLOY_URL, DEPLOY_CREDENTIALS, GROUPS_PREFIX"
    )


def test_what_is_optional_may_be_absent() -> None:
    assert ReconcilerSettings.from_env(COMPLETE).ledger_table is None
    assert ServerSettings.from_env(COMPLETE).ca_bundle is None
    assert ServerSettings.from_env(COMPLETE).proxy is None
    assert (
        ServerSettings.from_env({**COMPLETE, "DEPLOY_PROXY": "http://proxy:3128"}).proxy
        == "http://proxy:3128"
    )
    assert ReconcilerSettings.from_env({**COMPLETE, "LEDGER_TABLE": "t"}).ledger_table == "t"
    assert SeederSettings.from_env(COMPLETE).records_prefix == "/hub/records"
