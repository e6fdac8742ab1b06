"""The pages for people, as HTML and in a browser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from lxml import etree, html

from tests.sandbox.deploy_server.api import Api, wait_for
from tests.sandbox.deploy_server.browser import browser

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_app.sandbox.deploy_server import DeployServer

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def site(server: DeployServer) -> Api:
    return Api(server.url.removesuffix("/deployit"))


def main_of(site: Api, path: str) -> etree._Element:
    """Return what a page shows, without its script."""
    main = html.fromstring(site.call("GET", path).content).find(".//main")
    assert main is not None
    return main


def text_of(main: etree._Element) -> str:
    """Return the text of a page as a person reads it."""
    return " ".join(str(main.xpath("string()")).split())


def shown(site: Api, path: str) -> str:
    return text_of(main_of(site, path))


def test_overview_shows_environments_tasks_and_tree(api: Api, site: Api) -> None:
    api.deployable_environment(first="true")
    task = api.deploy("Applications/app/1", "Environments/env")
    assert api.finish(task) == "EXECUTED"
    main = main_of(site, "/")
    text = text_of(main)
    for expected in ("Environments/env host1 app 1", "EXECUTED Initial deployment of app 1 env admin"):
        assert expected.replace(" ", "") in text.replace(" ", "")
    links = [link.get("href") for link in main.iterfind(".//a")]
    assert f"/tasks/{task}" in links
    assert "/items/Infrastructure/host1" in links


def test_task_page_shows_steps_with_logs_escaped(api: Api, site: Api) -> None:
    api.deployable_environment(first="echo '<script>alert(1)</script>'", second="false")
    task = api.deploy("Applications/app/1", "Environments/env")
    api.finish(task)
    text = shown(site, f"/tasks/{task}")
    assert "FAILED Execute second 0_1_1_2" in text
    assert "<script>alert(1)</script>" in text
    assert b"<script>alert(1)" not in site.call("GET", f"/tasks/{task}").content


def test_item_page_shows_properties_and_masks_secrets(api: Api, site: Api) -> None:
    api.create(
        "Infrastructure/h", type="overthere.SshHost", os="UNIX", address="192.0.2.1", password="s3cret"
    )
    api.create("Environments/env", type="udm.Environment", members=["Infrastructure/h"])
    text = shown(site, "/items/Infrastructure/h")
    assert "192.0.2.1" in text
    assert "password ********" in text or "password********" in text
    assert "Environments/env" in text
    site.call("GET", "/items/Infrastructure/none", expect=404)
    site.call("GET", "/tasks/none", expect=404)


def test_pages_need_a_user_and_show_what_the_user_may_read(api: Api, site: Api) -> None:
    api.deployable_environment(first="true")
    task = api.deploy("Applications/app/1", "Environments/env")
    jane = api.user("jane", "pw", "login")
    jane_site = Api(site.base, jane.auth)
    assert "host1" not in shown(jane_site, "/")
    assert "app" not in shown(jane_site, "/")
    jane_site.call("GET", "/items/Infrastructure/host1", expect=403)
    jane_site.call("GET", f"/tasks/{task}", expect=403)
    answer = Api(site.base, ("admin", "wrong")).call("GET", "/", expect=401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path (Debian's package chromium)")
def test_browser_follows_a_task_without_reloading(api: Api, site: Api, tmp_path: Path) -> None:
    go = tmp_path / "go"
    api.deployable_environment(first=f"while ! test -e {go}; do sleep 0.05; done")
    api.deploy("Applications/app/1", "Environments/env")
    state = "document.querySelector('main table .state')?.textContent"
    with browser(str(CHROMIUM), tmp_path / "profile") as tab:
        tab.open(site.base.replace("//", "//admin:admin@") + "/")
        wait_for(lambda: tab.evaluate(state) == "EXECUTING")
        tab.evaluate("window.sameDocument = true")
        tab.evaluate("document.querySelector('main details summary').click()")
        go.touch()
        wait_for(lambda: tab.evaluate(state) == "EXECUTED")
        assert tab.evaluate("window.sameDocument") is True
        assert tab.evaluate("document.querySelector('main details').open") is False, (
            "what was closed stays so"
        )
