"""Whatever is done to a repository, it keeps its integrity."""

from __future__ import annotations

import contextlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from cdk_app.sandbox.deploy_server.composition import compose
from cdk_app.sandbox.deploy_server.deployment.registration import register
from cdk_app.sandbox.deploy_server.errors import DeployError
from cdk_app.sandbox.deploy_server.remoting import DirectNetwork
from cdk_app.sandbox.deploy_server.repository.model import Draft
from cdk_app.sandbox.deploy_server.security.model import User
from cdk_app.sandbox.deploy_server.settings import ServerSettings

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.deployment.model import Deployment
    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, Raw

ADMIN = User("admin")
NAMES = st.sampled_from(["a", "b", "c"])
PARENTS = {
    "core.Directory": ("Infrastructure", "Environments", "Applications"),
    "overthere.LocalHost": ("Infrastructure",),
    "udm.Environment": ("Environments",),
    "udm.Dictionary": ("Environments",),
    "udm.Application": ("Applications",),
}


class RepositoryHistories(RuleBasedStateMachine):
    """Random writes and deployments; a refused one must leave no trace."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.deploy = compose(ServerSettings(), DirectNetwork())
        self.store = self.deploy.repository.repository
        self.before = self.snapshot()

    def snapshot(self) -> dict[str, ConfigurationItem]:
        return {item.id: item for item in self.store}

    def write(self, type_name: str, ci_id: str, properties: dict[str, Raw] | None = None) -> str:
        draft = Draft(ci_id, type_name, properties or {})
        before = self.snapshot()
        try:
            self.deploy.repository.put(ADMIN, [draft])
        except DeployError:
            assert self.snapshot() == before
        return ci_id

    @initialize(target=ids)
    def start(self) -> str:
        self.write("overthere.LocalHost", "Infrastructure/host", {"os": "UNIX"})
        self.write("udm.Environment", "Environments/env", {"members": ["Infrastructure/host"]})
        self.write("udm.Application", "Applications/app")
        self.write("udm.DeploymentPackage", "Applications/app/1")
        return self.write("cmd.Command", "Applications/app/1/run", {"commandLine": "true"})

    @rule(target=ids, type_name=st.sampled_from(sorted(PARENTS)), name=NAMES, data=st.data(), where=ids)
    def create(self, type_name: str, name: str, data: st.DataObject, where: str) -> str:
        parent = data.draw(st.sampled_from([*PARENTS[type_name], str(PurePosixPath(where).parent), where]))
        properties: dict[str, Raw] = {"os": "UNIX"} if type_name == "overthere.LocalHost" else {}
        return self.write(type_name, f"{parent}/{name}", properties)

    @rule(target=ids, name=NAMES, command=st.sampled_from(["true", "echo"]))
    def release(self, name: str, command: str) -> str:
        self.write("udm.DeploymentPackage", f"Applications/app/{name}")
        return self.write("cmd.Command", f"Applications/app/{name}/run", {"commandLine": command})

    @rule(
        members=st.lists(ids, max_size=3), environment=st.sampled_from(["Environments/env", "Environments/a"])
    )
    def change_members(self, members: list[str], environment: str) -> None:
        self.write("udm.Environment", environment, {"members": [*members]})

    @rule(ci_id=consumes(ids))
    def delete(self, ci_id: str) -> None:
        before = self.snapshot()
        try:
            self.deploy.repository.delete(ADMIN, [ci_id], missing_ok=True)
        except DeployError:
            assert self.snapshot() == before
        else:
            assert not any(found == ci_id or found.startswith(ci_id + "/") for found in self.snapshot())

    @rule(target=ids, ci_id=ids, name=NAMES)
    def rename(self, ci_id: str, name: str) -> str:
        with contextlib.suppress(DeployError):
            return self.deploy.repository.rename(ADMIN, ci_id, name).id
        return ci_id

    @rule(target=ids, ci_id=ids, parent=ids, name=NAMES, copies=st.booleans())
    def move_or_copy(self, ci_id: str, parent: str, name: str, copies: bool) -> str:
        act = self.deploy.repository.copy if copies else self.deploy.repository.move
        with contextlib.suppress(DeployError):
            return act(ADMIN, ci_id, f"{parent}/{name}").id
        return ci_id

    @rule(
        version=st.sampled_from(["1", "1", "a", "b"]),
        environment=st.sampled_from(["Environments/env", "Environments/env", "Environments/a"]),
        leaves=st.booleans(),
    )
    def deploy_version(self, version: str, environment: str, leaves: bool) -> None:
        preparer, planner = self.deploy.deployments.preparer, self.deploy.deployments.planner
        before = self.snapshot()
        with contextlib.suppress(DeployError):
            application, package = f"{environment}/app", f"Applications/app/{version}"
            deployment: Deployment
            if application not in self.store:
                deployment = preparer.map_all(preparer.initial(package, environment))
            elif leaves:
                deployment = preparer.undeploy(application)
            else:
                deployment = preparer.map_all(preparer.update(package, application))
            specification = planner.specify(deployment)
            assert self.snapshot() == before, "preparing must not write"
            register(self.store, specification, ADMIN.name)
            assert (application in self.store) is not leaves or application not in before

    @invariant()
    def no_reference_dangles_and_none_is_missed(self) -> None:
        for item in self.store:
            for target in self.store.references(item):
                assert target in self.store, f"{item.id} refers to {target}"
                assert item.id in self.store.referrers(target)
        for item in self.store:
            for referrer in self.store.referrers(item.id):
                assert item.id in self.store.references(self.store.get(referrer))

    @invariant()
    def everything_has_its_parent(self) -> None:
        for item in self.store:
            if item.parent is not None:
                assert item.parent in self.store
                assert item.id in self.store.children(item.parent)
            assert all(child in self.store for child in self.store.children(item.id))

    @invariant()
    def deployeds_live_in_containers_and_members_in_infrastructure(self) -> None:
        types = self.store.types
        for item in self.store:
            if types.is_a(item.type, "udm.Deployed"):
                assert types.is_a(self.store.get(item.parent or "").type, "udm.Container")
            if item.type == "udm.Environment":
                members = item.properties.get("members", ())
                assert isinstance(members, tuple)
                for member in members:
                    assert member.startswith("Infrastructure/")
                    assert types.is_a(self.store.get(member).type, "udm.Container")

    @invariant()
    def token_changes_with_every_change_of_properties_of_its_own(self) -> None:
        now = self.snapshot()
        for ci_id, item in now.items():
            old = self.before.get(ci_id)
            if old is not None and old.internal_id == item.internal_id and old.token == item.token:
                names = set(self.store.reference_names(item.type))
                assert _own(old, names) == _own(item, names)
        self.before = now


def _own(item: ConfigurationItem, references: set[str]) -> dict[str, object]:
    """Properties that change only when somebody writes them: references also follow renames."""
    return {name: value for name, value in item.properties.items() if name not in references}


TestRepositoryHistories = RepositoryHistories.TestCase
TestRepositoryHistories.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
