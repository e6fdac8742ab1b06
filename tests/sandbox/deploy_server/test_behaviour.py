"""Each thing that is not known about the real server can be chosen, and the choice shows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from cdk_app.sandbox.deploy_server import Behaviour, DeployServer, ServerSettings
from tests.sandbox.deploy_server.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = {"type": "overthere.SshHost", "os": "UNIX", "address": "192.0.2.1", "password": "s3cret"}


@contextmanager
def serving(**choices: Any) -> Iterator[Api]:  # noqa: ANN401 - values of the settings
    with DeployServer(ServerSettings(behaviour=Behaviour(**choices))) as server:
        yield Api(server.url)


def stale(api: Api) -> int:
    read = api.create("Infrastructure/h", **HOST)
    api.update({**read, "tags": ["a"]})
    return api.update(read, expect=None).status_code


def existing(api: Api) -> int:
    api.create("Infrastructure/h", **HOST)
    return api.call("POST", "/repository/ci/Infrastructure/h", HOST, expect=None).status_code


def referenced(api: Api) -> int:
    api.create("Infrastructure/h", **HOST)
    api.create("Environments/e", type="udm.Environment", members=["Infrastructure/h"])
    return api.call("DELETE", "/repository/ci/Infrastructure/h", expect=None).status_code


def missing(api: Api) -> int:
    return api.call("GET", "/repository/ci/Infrastructure/h", expect=None).status_code


def missing_delete(api: Api) -> int:
    return api.call("DELETE", "/repository/ci/Infrastructure/h", expect=None).status_code


def missing_parent(api: Api) -> int:
    return api.call("POST", "/repository/ci/Infrastructure/d/h", HOST, expect=None).status_code


def missing_reference(api: Api) -> int:
    item = {"type": "udm.Environment", "members": ["Infrastructure/h"]}
    return api.call("POST", "/repository/ci/Environments/e", item, expect=None).status_code


def invalid(api: Api) -> int:
    item = {"type": "overthere.SshHost", "os": "AMIGA"}
    return api.call("POST", "/repository/ci/Infrastructure/h", item, expect=None).status_code


def forbidden(api: Api) -> int:
    other = api.user("jane", "pw", "login")
    return other.call("POST", "/repository/ci/Infrastructure/h", HOST, expect=None).status_code


def not_allowed_to_log_in(api: Api) -> int:
    return api.user("jane", "pw").call("GET", "/server/info", expect=None).status_code


def pending_task(api: Api) -> str:
    api.deployable_environment(first="true")
    return api.task(api.prepare("Applications/app/1", "Environments/env"))


def illegal_transition(api: Api) -> int:
    return api.call("POST", f"/tasks/v2/{pending_task(api)}/archive", expect=None).status_code


def foreign_task(api: Api) -> int:
    task = pending_task(api)
    return api.user("jane", "pw", "login").call("GET", f"/tasks/v2/{task}", expect=None).status_code


STATUSES: list[tuple[str, Callable[[Api], int], int]] = [
    ("stale_token_status", stale, 400),
    ("already_exists_status", existing, 409),
    ("still_referenced_status", referenced, 500),
    ("missing_id_status", missing, 500),
    ("missing_delete_status", missing_delete, 404),
    ("missing_parent_status", missing_parent, 409),
    ("missing_reference_status", missing_reference, 400),
    ("invalid_status", invalid, 422),
    ("permission_status", forbidden, 401),
    ("login_status", not_allowed_to_log_in, 401),
    ("illegal_transition_status", illegal_transition, 409),
    ("task_access_status", foreign_task, 404),
]


@pytest.mark.parametrize(("setting", "provoke", "other"), STATUSES, ids=[entry[0] for entry in STATUSES])
def test_status_of_a_refusal(setting: str, provoke: Callable[[Api], int], other: int) -> None:
    default = getattr(Behaviour(), setting)
    assert default != other
    with serving() as api:
        assert provoke(api) == default
    with serving(**{setting: other}) as api:
        assert provoke(api) == other


def test_form_of_errors_messages_references_and_passwords() -> None:
    choices = {
        "error_format": "json",
        "exception_headers": False,
        "hidden_values": "masked",
        "reference_form": "ci-ref",
        "validation_messages_key": "validationMessages",
        "validation_message_level": False,
    }
    with serving(**choices) as api:
        refused = api.call("GET", "/repository/ci/Infrastructure/h", expect=404)
        assert refused.json() == {"message": "Repository entity [Infrastructure/h] not found"}
        assert not any(name.lower().startswith("x-") for name in refused.headers)
        assert api.create("Infrastructure/h", **HOST)["password"] == "********"
        created = api.create("Environments/e", type="udm.Environment", members=["Infrastructure/h"])
        assert created["members"] == [{"ci-ref": "Infrastructure/h"}]
        item = {"type": "overthere.SshHost", "os": "AMIGA", "address": "192.0.2.1"}
        messages = api.call("POST", "/repository/ci/Infrastructure/x", item, expect=400).json()
        assert [set(found) for found in messages["validationMessages"]] == [{"ci", "property", "message"}]


def test_a_mask_that_is_written_back_is_stored_so_that_tests_notice() -> None:
    with serving(hidden_values="masked") as masked:
        api = masked
        read = api.create("Infrastructure/h", **HOST)
        api.update(read)
        shown = api.call("GET", "/repository/ci/Infrastructure/h").json()["password"]
        assert shown == "********"
        # The encrypted form tells the two apart: it is that of eight asterisks now.
        other = api.create("Infrastructure/stars", **{**HOST, "password": "********"})
        assert other["password"] == shown


def test_invalid_create_may_answer_text() -> None:
    with serving(invalid_post_body="text") as api:
        item = {"type": "overthere.SshHost", "os": "AMIGA", "address": "192.0.2.1"}
        refused = api.call("POST", "/repository/ci/Infrastructure/h", item, expect=400)
        assert refused.headers["Content-Type"].startswith("text/plain")


def test_unknown_properties_may_be_dropped() -> None:
    with serving(unknown_properties="accept") as api:
        assert "colour" not in api.create("Infrastructure/h", colour="red", **HOST)


def test_batches_may_leave_their_beginning_behind() -> None:
    items = [{"id": "Infrastructure/a", **HOST}, {"id": "Infrastructure/b", "type": "overthere.SshHost"}]
    with serving(batch_atomic=False) as api:
        api.call("POST", "/repository/cis", items, expect=400)
        assert api.ids(parent="Infrastructure") == ["Infrastructure/a"]


def test_queries_may_be_capped() -> None:
    with serving(query_cap=2) as api:
        for name in "abc":
            api.create(f"Infrastructure/{name}", **HOST)
        assert len(api.ids(parent="Infrastructure", resultsPerPage="-1")) == 2
        assert api.ids(parent="Infrastructure", page="1", resultsPerPage="-1") == ["Infrastructure/c"]


def test_context_root_and_double_slashes() -> None:
    with serving(context_root="/deploy", double_slash="404") as api:
        assert api.base.endswith("/deploy/deployit")
        api.call("GET", "/server/info")
        api.call("GET", "//server/info", expect=404)


def test_stop_of_a_pending_task_may_be_refused() -> None:
    with serving(stop_pending="refuse") as api:
        api.call("POST", f"/tasks/v2/{pending_task(api)}/stop", expect=400)


def test_archived_tasks_may_be_gone() -> None:
    with serving(archived_tasks_readable=False) as api:
        task = pending_task(api)
        api.start(task)
        api.finish(task)
        api.call("POST", f"/tasks/v2/{task}/archive", expect=204)
        api.call("GET", f"/tasks/v2/{task}", expect=404)


def test_mapping_without_the_right_to_it_may_be_refused() -> None:
    with serving(upgrade_only_mapping="refuse") as api:
        task = pending_task(api)
        api.start(task)
        assert api.finish(task) == "EXECUTED"
        api.create("Infrastructure/new", type="overthere.LocalHost", os="UNIX")
        environment = api.read("Environments/env")
        api.update({**environment, "members": [*environment["members"], "Infrastructure/new"]})
        jane = api.user("jane", "pw", "login", "read@Applications", "deploy#upgrade@Environments")
        query = {"version": "Applications/app/1", "deployedApplication": "Environments/env/app"}
        update = jane.call("GET", "/deployment/prepare/update", query=query).json()
        jane.call("POST", "/deployment/prepare/deployeds", update, expect=403)


@pytest.mark.parametrize(("choice", "mapped"), [("keep", 1), ("drop", 0)])
def test_containers_that_left_may_be_dropped_by_an_update(choice: str, mapped: int) -> None:
    with serving(departed_containers=choice) as api:
        task = pending_task(api)
        api.start(task)
        assert api.finish(task) == "EXECUTED"
        api.update({**api.read("Environments/env"), "members": []})
        assert len(api.prepare("Applications/app/1", "Environments/env")["deployeds"]) == mapped


@pytest.mark.parametrize(
    ("choice", "status", "left"), [("accept", 200, 0), ("refuse", 400, 1), ("ignore", 200, 1)]
)
def test_put_of_a_deployed_application(choice: str, status: int, left: int) -> None:
    with serving(deployed_application_put=choice) as api:
        task = pending_task(api)
        api.start(task)
        assert api.finish(task) == "EXECUTED"
        application = api.read("Environments/env/app")
        assert api.update({**application, "deployeds": []}, expect=None).status_code == status
        assert len(api.read("Environments/env/app")["deployeds"]) == left


def test_deployment_without_steps_may_be_refused() -> None:
    with serving(empty_deployment="refuse") as api:
        api.deployable_environment()
        prepared = api.prepare("Applications/app/1", "Environments/env")
        assert "did not deliver any steps" in api.call("POST", "/deployment", prepared, expect=400).text


def test_more_tasks_than_may_run_are_queued() -> None:
    with serving(max_active_tasks=1) as api:
        first = pending_task(api)
        api.update({**api.read("Applications/app/1/first"), "commandLine": "sleep 60"})
        slow = api.deploy("Applications/app/1", "Environments/env")
        api.start(first)
        assert api.state(first) == "QUEUED"
        api.call("DELETE", f"/tasks/v2/{slow}/force", expect=204)
        assert api.finish(first) == "EXECUTED"
        assert api.state(slow) == "CANCELLED"
