"""Who may do what, over the wire."""

from __future__ import annotations

import pytest
import requests

from cdk_app.sandbox.deploy_server import Behaviour, DeployServer, ServerSettings, User
from tests.sandbox.deploy_server.api import Api

HOST = {"type": "overthere.SshHost", "os": "UNIX", "address": "192.0.2.1"}


@pytest.fixture
def jane(api: Api) -> Api:
    """A user who may log in, among directories."""
    for root in ("Infrastructure", "Environments", "Applications"):
        api.create(f"{root}/dir", type="core.Directory")
    return api.user("jane", "pw", "login")


def test_login_is_a_permission(api: Api) -> None:
    other = api.user("jane", "pw")
    other.call("GET", "/server/info", expect=403)
    api.grant("jane", "login")
    other.call("GET", "/server/info")
    Api(api.base, ("jane", "wrong")).call("GET", "/server/info", expect=401)
    assert requests.get(f"{api.base}/server/info", timeout=5).status_code == 401


def test_reads_are_refused_and_lists_are_filtered(api: Api, jane: Api) -> None:
    api.create("Infrastructure/dir/host", **HOST)
    jane.call("GET", "/repository/ci/Infrastructure/dir/host", expect=403)
    assert jane.ids(ancestor="Infrastructure") == []
    assert jane.call("POST", "/repository/cis/read", ["Infrastructure/dir/host"]).json() == []
    api.grant("jane", "read@Infrastructure/dir")
    assert jane.ids(type="overthere.Host") == ["Infrastructure/dir/host"]
    assert jane.read("Infrastructure/dir/host")["address"] == "192.0.2.1"


def test_editing_needs_its_own_permission(api: Api, jane: Api) -> None:
    api.grant("jane", "read@Infrastructure/dir")
    jane.call("POST", "/repository/ci/Infrastructure/dir/host", HOST, expect=403)
    assert not api.exists("Infrastructure/dir/host")
    api.grant("jane", "repo#edit@Infrastructure/dir")
    created = jane.create("Infrastructure/dir/host", **HOST)
    assert created["$createdBy"] == "jane"
    jane.call("DELETE", "/repository/ci/Infrastructure/dir/host", expect=204)


def test_newly_referenced_items_must_be_readable(api: Api, jane: Api) -> None:
    api.create("Infrastructure/hidden", **HOST)
    api.create("Environments/dir/env", type="udm.Environment")
    for permission in ("read", "repo#edit"):
        api.grant("jane", f"{permission}@Environments/dir")
    read = jane.read("Environments/dir/env")
    jane.update({**read, "members": ["Infrastructure/hidden"]}, expect=403)
    api.update({**read, "members": ["Infrastructure/hidden"]})
    again = jane.read("Environments/dir/env")
    jane.update(again)
    jane.update({**jane.read("Environments/dir/env"), "members": []})


def test_permissions_of_a_directory_replace_those_from_above(api: Api, jane: Api) -> None:
    api.create("Infrastructure/dir/sub", type="core.Directory")
    api.create("Infrastructure/dir/sub/host", **HOST)
    api.grant("jane", "read@Infrastructure/dir")
    assert jane.read("Infrastructure/dir/sub/host")
    api.user("john", "pw", "login")
    api.grant("john", "read@Infrastructure/dir/sub")
    jane.call("GET", "/repository/ci/Infrastructure/dir/sub/host", expect=403)
    # John has the sub-directory, but not the one above it.
    Api(api.base, ("john", "pw")).call("GET", "/repository/ci/Infrastructure/dir/sub/host", expect=403)
    api.call("DELETE", "/security/permission/read/john/Infrastructure/dir/sub", expect=204)
    assert jane.read("Infrastructure/dir/sub/host")


def test_permissions_are_granted_on_roots_and_directories_and_where_they_apply(api: Api, jane: Api) -> None:
    del jane
    api.create("Infrastructure/dir/host", **HOST)
    for permission, where in [
        ("read", "Infrastructure/dir/host"),
        ("deploy%23initial", "Infrastructure/dir"),
        ("import%23initial", "Environments/dir"),
        ("security%23edit", "Infrastructure/dir"),
        ("no%23such", "global"),
    ]:
        api.call("PUT", f"/security/permission/{permission}/jane/{where}", expect=400)
    api.call("PUT", "/security/permission/read/nobody/Infrastructure", expect=404)


def test_global_permissions_are_granted_without_an_item(api: Api, jane: Api) -> None:
    path = "/security/permission/report%23view/jane"
    for method, granted in (("PUT", True), ("DELETE", False)):
        api.call(method, path, expect=204)
        assert api.call("GET", path).json() == {"boolean": granted}
        assert jane.call("GET", "/security/check/report%23view").json() == {"boolean": granted}
        status = 200 if granted else 403
        jane.call("GET", "/tasks/v2/query", expect=status)


def test_permissions_follow_a_renamed_directory(api: Api, jane: Api) -> None:
    api.grant("jane", "read@Infrastructure/dir")
    api.call("POST", "/repository/rename/Infrastructure/dir", query={"newName": "other"})
    assert jane.read("Infrastructure/other")["type"] == "core.Directory"
    granted = api.call("GET", "/security/granted-permissions/jane").json()
    assert granted == {"global": ["login"], "Infrastructure/other": ["read"]}


def deployable(api: Api) -> None:
    api.create("Infrastructure/h1", type="overthere.LocalHost", os="UNIX")
    api.create("Environments/dir/env", type="udm.Environment", members=["Infrastructure/h1"])
    api.create("Applications/dir/app", type="udm.Application")
    api.create("Applications/dir/app/1", type="udm.DeploymentPackage")
    api.create("Applications/dir/app/1/c", type="cmd.Command", commandLine="true")


def test_deploying_needs_no_right_to_read_infrastructure(api: Api, jane: Api) -> None:
    deployable(api)
    query = {"version": "Applications/dir/app/1", "environment": "Environments/dir/env"}
    api.grant("jane", "read@Applications/dir")
    jane.call("GET", "/deployment/prepare/initial", expect=403, query=query)
    api.grant("jane", "deploy#initial@Environments/dir")
    assert jane.read("Environments/dir/env")["id"] == "Environments/dir/env"
    task = jane.deploy("Applications/dir/app/1", "Environments/dir/env")
    assert jane.finish(task) == "EXECUTED"
    assert jane.ids(type="overthere.Host") == []


def test_upgrade_without_initial_does_not_reach_new_hosts(api: Api, jane: Api) -> None:
    deployable(api)
    assert api.finish(api.deploy("Applications/dir/app/1", "Environments/dir/env")) == "EXECUTED"
    api.create("Infrastructure/h2", type="overthere.LocalHost", os="UNIX")
    environment = api.read("Environments/dir/env")
    api.update({**environment, "members": ["Infrastructure/h1", "Infrastructure/h2"]})
    api.grant("jane", "read@Applications/dir")
    api.grant("jane", "deploy#upgrade@Environments/dir")
    prepared = jane.prepare("Applications/dir/app/1", "Environments/dir/env")
    assert [deployed["container"] for deployed in prepared["deployeds"]] == ["Infrastructure/h1"]
    full = api.prepare("Applications/dir/app/1", "Environments/dir/env")
    jane.call("POST", "/deployment", full, expect=403)
    undeploy = {"deployedApplication": "Environments/dir/env/app"}
    jane.call("GET", "/deployment/prepare/undeploy", expect=403, query=undeploy)
    api.grant("jane", "deploy#undeploy@Environments/dir")
    jane.call("GET", "/deployment/prepare/undeploy", query=undeploy)


def test_skipping_needs_a_permission_on_the_environment(api: Api, jane: Api) -> None:
    deployable(api)
    api.grant("jane", "read@Applications/dir")
    api.grant("jane", "deploy#initial@Environments/dir")
    task = jane.task(jane.prepare("Applications/dir/app/1", "Environments/dir/env"))
    jane.call("POST", f"/tasks/v2/{task}/skip", ["0_1_1_1"], expect=403)
    api.grant("jane", "task#skip_step@Environments/dir")
    jane.call("POST", f"/tasks/v2/{task}/skip", ["0_1_1_1"])


def test_security_is_edited_by_those_who_may(api: Api, jane: Api) -> None:
    refused = jane.call("PUT", "/security/role/mine/jane", expect=403)
    assert refused.text == "You do not have security#edit permission"
    assert jane.call("GET", "/security/role/roles").json() == ["jane"]
    api.call("POST", "/security/role/jane", "janes", expect=204)
    assert jane.call("GET", "/security/role/roles/jane").json() == ["janes"]
    assert api.call("GET", "/security/check/login").json() == {"boolean": True}
    api.call("DELETE", "/security/user/jane", expect=204)
    jane.call("GET", "/server/info", expect=401)


def test_users_from_the_settings_and_licence_switch() -> None:
    users = (User("ops", "pw", admin=True), User("guest", "pw"))
    with DeployServer(ServerSettings(admin_password="x", users=users)) as server:
        Api(server.url, ("ops", "pw")).create("Infrastructure/dir", type="core.Directory")
        guest = Api(server.url, ("guest", "pw"))
        guest.call("POST", "/repository/ci/Infrastructure/d", {"type": "core.Directory"}, expect=403)
        Api(server.url).call("GET", "/server/info", expect=401)
    with DeployServer(ServerSettings(behaviour=Behaviour(licence=False))) as server:
        Api(server.url).call("GET", "/server/info", expect=402)
