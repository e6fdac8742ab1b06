"""The account's permissions, as the stand-in tells them."""

from __future__ import annotations

from cdk_app.sandbox.deploy_server import DeployServer, ServerSettings, User
from runtime.deploy.client import DeployClient
from runtime.deploy.transport import Credentials, Transport


def test_an_account_learns_what_it_may_do() -> None:
    with DeployServer(ServerSettings(users=(User("amy", "secret"),))) as server:
        admin = DeployClient(Transport(server.url, lambda _fresh: Credentials("admin", "admin")))
        amy = DeployClient(Transport(server.url, lambda _fresh: Credentials("amy", "secret")))
        assert admin.security.allows("deploy#initial", "Environments")
        assert not amy.security.allows("deploy#initial", "Environments")
