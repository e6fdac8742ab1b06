"""What the seeder says of the stand-in of Deploy, over HTTP, by accounts that may not do everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.deploy_server import Behaviour, DeployServer, ServerSettings
from runtime.deploy.client import DeployClient
from runtime.deploy.transport import Credentials, Transport
from runtime.seeding.errors import SeedError
from runtime.seeding.model import Item, SeedRequest
from runtime.seeding.seeder import Seeder
from tests.runtime.twins.aws import TwinSecrets
from tests.runtime.twins.records import TwinRecords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.seeding.report import Report

REQUEST = SeedRequest(
    "web",
    (
        Item("Environments/shop/web", "udm.Environment"),
        Item("Infrastructure/aws/web", "core.Directory"),
    ),
)
ALL = {
    "Environments": ("read", "repo#edit", "deploy#upgrade", "deploy#initial", "task#skip_step"),
    "Infrastructure": ("read", "repo#edit"),
}


@pytest.fixture
def server() -> Iterator[DeployServer]:
    with DeployServer(ServerSettings()) as running:
        # A user of the settings may log in anyway.
        account = {"username": "amy", "password": "secret", "admin": False}
        client(running, "admin", "admin").transport.post("/security/user/amy", account)
        yield running


def client(server: DeployServer, name: str, password: str) -> DeployClient:
    return DeployClient(Transport(server.url, lambda _fresh: Credentials(name, password)))


def grant(server: DeployServer, *without: str) -> None:
    """Let amy log in, with all that an account needs but for some permissions."""
    admin = client(server, "admin", "admin").transport
    admin.put("/security/role/asg", None)
    admin.put("/security/role/asg/amy", None)
    names = [(name, None) for name in ("login", "task#view")]
    names += [(name, root) for root, each in ALL.items() for name in each]  # type: ignore[misc] # a root or none
    for name, root in names:
        if name not in without:
            place = "" if root is None else f"/{root}"
            admin.put(f"/security/permission/{name.replace('#', '%23')}/asg{place}", None)


def seed(server: DeployServer) -> Report:
    return Seeder(client(server, "amy", "secret"), TwinSecrets(), TwinRecords()).apply(REQUEST)


def test_an_account_that_may_do_all_that_is_needed_is_told_nothing(server: DeployServer) -> None:
    grant(server)
    report = seed(server)
    assert report.remarks() == []
    assert report.created[-1] == "Infrastructure/aws/web"


def test_permissions_for_deploying_are_reported(server: DeployServer) -> None:
    grant(server, "deploy#initial", "task#view")
    assert seed(server).lacking == ["deploy#initial on Environments", "task#view (global)"]


def test_permissions_for_seeding_stop_it_and_all_are_named(server: DeployServer) -> None:
    grant(server, "repo#edit", "task#skip_step")
    with pytest.raises(SeedError) as caught:
        seed(server)
    assert str(caught.value) == (
        "the Deploy account lacks repo#edit, task#skip_step on Environments; repo#edit on Infrastructure: "
        "grant them to a role of the account"
    )
    assert not client(server, "admin", "admin").repository.exists("Environments/shop")


def test_an_account_that_may_not_log_in_is_told_the_permission(server: DeployServer) -> None:
    grant(server, "login")
    with pytest.raises(SeedError, match="global permission login"):
        seed(server)


def test_a_licence_that_has_expired_is_told_in_the_servers_words() -> None:
    with DeployServer(ServerSettings(behaviour=Behaviour(licence=False))) as server:
        seeder = Seeder(client(server, "admin", "admin"), TwinSecrets(), TwinRecords())
        with pytest.raises(SeedError) as caught:
            seeder.apply(REQUEST)
    assert str(caught.value) == (
        "Deploy has no valid licence (402: License not found, invalid, or expired): install or renew it, "
        "then deploy the stack again"
    )
