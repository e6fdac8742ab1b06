"""Configuration items over the wire: writes, integrity, queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from lxml import etree

if TYPE_CHECKING:
    from tests.sandbox.deploy_server.api import Api

HOST = {"type": "overthere.SshHost", "os": "UNIX", "address": "192.0.2.1"}


def test_put_replaces_all_properties(api: Api) -> None:
    api.create("Infrastructure/host", **HOST)
    api.create("Environments/env", type="udm.Environment", members=["Infrastructure/host"])

    api.update({"id": "Environments/env", "type": "udm.Environment"})

    assert api.read("Environments/env")["members"] == []


def test_second_update_from_one_read_is_refused_and_without_token_it_wins(api: Api) -> None:
    read = api.create("Infrastructure/host", **HOST)
    api.update({**read, "address": "192.0.2.2"})

    assert api.update({**read, "address": "192.0.2.3"}, expect=None).status_code == 409
    assert api.read("Infrastructure/host")["address"] == "192.0.2.2"
    del read["$token"]
    api.update({**read, "address": "192.0.2.4"})
    assert api.read("Infrastructure/host")["address"] == "192.0.2.4"


def test_answer_of_an_update_is_a_base_for_the_next(api: Api) -> None:
    first = api.create("Infrastructure/host", **HOST)
    second = api.update({**first, "tags": ["a"]}).json()
    third = api.update({**second, "tags": ["b"]}).json()

    assert len({first["$token"], second["$token"], third["$token"]}) == 3
    assert third["$createdAt"] == first["$createdAt"]


def test_delete_cascades_to_children_and_spares_what_is_referenced(api: Api) -> None:
    api.create("Infrastructure/dir", type="core.Directory")
    api.create("Infrastructure/dir/host", **HOST)
    api.create("Environments/env", type="udm.Environment", members=["Infrastructure/dir/host"])

    refused = api.call("DELETE", "/repository/ci/Infrastructure/dir", expect=None)
    assert refused.status_code == 400
    assert refused.text == ("Repository entity Infrastructure/dir is still referenced by Environments/env")
    api.call("DELETE", "/repository/ci/Environments/env", expect=204)
    api.call("DELETE", "/repository/ci/Infrastructure/dir", expect=204)
    assert not api.exists("Infrastructure/dir/host")
    api.call("DELETE", "/repository/ci/Infrastructure/dir", expect=204)


def test_refusals_have_the_attested_texts(api: Api) -> None:
    missing = api.call("GET", "/repository/ci/Infrastructure/none", expect=404)
    assert missing.text == "Repository entity [Infrastructure/none] not found"
    api.create("Infrastructure/host", **HOST)
    again = api.call("POST", "/repository/ci/Infrastructure/host", HOST, expect=400)
    assert "already exists" in again.text
    assert again.headers["X-Exception-Type"].endswith("ItemAlreadyExistsException")


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"type": "no.Type"}, "CI type [no.Type] for ConfigurationItem [Infrastructure/x]"),
        (
            {**HOST, "colour": "red"},
            "ConfigurationItem property [overthere.SshHost.colour] for ci [Infrastructure/x]",
        ),
    ],
)
def test_unknown_types_and_properties_are_refused(api: Api, item: dict[str, object], text: str) -> None:
    assert (
        api.call("POST", "/repository/ci/Infrastructure/x", item, expect=400).text
        == f"Encountered unknown {text}"
    )


def test_invalid_create_answers_the_item_with_messages_and_stores_nothing(api: Api) -> None:
    item = {"id": "Infrastructure/x", "type": "overthere.SshHost", "port": "many", "os": "AMIGA"}
    refused = api.call("POST", "/repository/ci/Infrastructure/x", item, expect=400)

    messages = {message["property"]: message["level"] for message in refused.json()["validation-messages"]}
    assert messages == {"port": "ERROR", "os": "ERROR", "address": "ERROR"}
    assert refused.headers["X-Entity"] == "true"
    assert not api.exists("Infrastructure/x")


def test_invalid_update_answers_text_because_the_vendors_sdk_takes_json_for_success(api: Api) -> None:
    read = api.create("Infrastructure/host", **HOST)
    refused = api.update({**read, "os": "AMIGA"}, expect=400)
    assert refused.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    "member",
    [
        "Infrastructure/host",
        {"ci-ref": "Infrastructure/host"},
        {"id": "Infrastructure/host", "type": HOST["type"]},
    ],
)
def test_references_are_taken_in_three_forms_and_given_as_strings(api: Api, member: object) -> None:
    api.create("Infrastructure/host", **HOST)
    created = api.create("Environments/env", type="udm.Environment", members=[member])
    assert created["members"] == ["Infrastructure/host"]


def test_items_must_be_where_their_type_belongs(api: Api) -> None:
    for ci_id, type_name in [
        ("Environments/host", "overthere.LocalHost"),
        ("Infrastructure/env", "udm.Environment"),
        ("Environments/env/x", "core.Directory"),
        ("Infrastructure/x", "overthere.Host"),
    ]:
        api.call("POST", f"/repository/ci/{ci_id}", {"type": type_name, "os": "UNIX"}, expect=400)
    api.call("POST", "/repository/ci/Infrastructure/no/host", HOST, expect=400)
    assert api.ids(ancestor="Infrastructure") == []


def test_members_must_be_containers(api: Api) -> None:
    api.create("Infrastructure/jump", type="overthere.SshJumpstation", address="192.0.2.1", username="jump")
    item = {"type": "udm.Environment", "members": ["Infrastructure/jump"]}
    assert "udm.Container" in api.call("POST", "/repository/ci/Environments/env", item, expect=400).text


def test_batch_takes_children_before_parents_and_references_among_its_items(api: Api) -> None:
    api.call(
        "POST",
        "/repository/cis",
        [
            {"id": "Environments/dir/env", "type": "udm.Environment", "members": ["Infrastructure/host"]},
            {"id": "Environments/dir", "type": "core.Directory"},
            {"id": "Infrastructure/host", **HOST},
        ],
    )
    assert api.read("Environments/dir/env")["members"] == ["Infrastructure/host"]
    api.call("POST", "/repository/cis/delete", ["Environments/dir/env", "Environments/dir"], expect=204)
    assert not api.exists("Environments/dir")


def test_refused_batch_leaves_nothing(api: Api) -> None:
    items = [{"id": "Infrastructure/a", **HOST}, {"id": "Infrastructure/b", "type": "overthere.SshHost"}]
    answers = api.call("POST", "/repository/cis", items, expect=400).json()
    assert [("validation-messages" in answer) for answer in answers] == [False, True]
    assert not api.exists("Infrastructure/a")


def test_references_follow_a_rename_and_the_answer_has_the_old_id(api: Api) -> None:
    api.create("Infrastructure/host", **HOST)
    api.create("Environments/env", type="udm.Environment", members=["Infrastructure/host"])
    answer = api.call("POST", "/repository/rename/Infrastructure/host", query={"newName": "renamed"}).json()
    assert answer["id"] == "Infrastructure/host"
    assert api.read("Environments/env")["members"] == ["Infrastructure/renamed"]


def test_move_stays_below_its_root(api: Api) -> None:
    api.create("Infrastructure/dir", type="core.Directory")
    api.create("Infrastructure/host", **HOST)
    api.call("POST", "/repository/move/Infrastructure/host", query={"newId": "Infrastructure/dir/host"})
    assert api.exists("Infrastructure/dir/host")
    for operation, ci_id, query in [
        ("move", "Infrastructure/dir", {"newId": "Environments/dir"}),
        ("copy", "Infrastructure", {"newId": "Infrastructure/copy"}),
        ("rename", "Infrastructure", {"newName": "Infra"}),
    ]:
        api.call("POST", f"/repository/{operation}/{ci_id}", expect=400, query=query)


def test_copy_keeps_application_names_unique(api: Api) -> None:
    api.create("Applications/dir", type="core.Directory")
    api.create("Applications/dir/app", type="udm.Application")
    api.call("POST", "/repository/copy/Applications/dir", query={"newId": "Applications/dir2"})
    assert api.ids(parent="Applications/dir2") == ["Applications/dir2/app Copy"]
    api.call("POST", "/repository/ci/Applications/app", {"type": "udm.Application"}, expect=400)


def test_query_conditions_and_pages(api: Api) -> None:
    for name in ("web1", "web2", "Web3", "db"):
        api.create(f"Infrastructure/{name}", **HOST)
    assert api.ids(type="overthere.Host", namePattern="web%") == [
        "Infrastructure/Web3",
        "Infrastructure/web1",
        "Infrastructure/web2",
    ]
    assert api.ids(namePattern="web3") == []
    assert api.ids(parent="/Infrastructure", page="1", resultsPerPage="3") == ["Infrastructure/web2"]
    assert len(api.ids(parent="Infrastructure", resultsPerPage="-1")) == 4
    assert api.ids(parent="Infrastructure", lastModifiedBefore="2000-01-01") == []
    assert len(api.ids(parent="Infrastructure", lastModifiedAfter="2000-01-01T00:00:00.000+0000")) == 4
    v3 = api.call("GET", "/repository/v3/query", query={"idPattern": "%frastructure/d%"}).json()
    assert v3 == [{"ref": "Infrastructure/db", "type": "overthere.SshHost"}]


def test_candidates_for_an_environment_that_does_not_exist(api: Api) -> None:
    api.create("Infrastructure/host", **HOST)
    api.create("Infrastructure/jump", type="overthere.SshJumpstation", address="192.0.2.1", username="jump")
    found = api.call(
        "POST",
        "/repository/candidate-values",
        {"id": "Environments/new", "type": "udm.Environment"},
        query={"propertyName": "members", "namePattern": "%"},
    ).json()
    assert found == [{"ref": "Infrastructure/host", "type": "overthere.SshHost"}]


def test_passwords_are_never_shown_and_survive_being_written_back(api: Api) -> None:
    read = api.create("Infrastructure/host", password="s3cret", **HOST)
    assert read["password"].startswith("{b64}")
    assert "s3cret" not in str(read)
    again = api.update({**read, "address": "192.0.2.9"}).json()
    assert again["password"] == read["password"]


def test_xml_is_the_default_and_is_taken_back(api: Api) -> None:
    api.create("Infrastructure/host", tags=["a", "b"], **HOST)
    api.create("Environments/d", type="udm.Dictionary", entries={"k": "v"}, encryptedEntries={"s": "secret"})
    url = f"{api.base}/repository/ci/"
    for ci_id, xpath in [
        ("Infrastructure/host", "/overthere.SshHost/tags/value/text()"),
        ("Environments/d", "/udm.Dictionary/entries/entry[@key='k']/text()"),
    ]:
        read = requests.get(url + ci_id, auth=api.auth, timeout=5)
        assert read.headers["Content-Type"] == "application/xml"
        assert etree.fromstring(read.content).xpath(xpath)
        written = requests.put(
            url + ci_id,
            data=read.content,
            headers={"Content-Type": "application/xml"},
            auth=api.auth,
            timeout=5,
        )
        assert written.status_code == 200
        before, after = etree.fromstring(read.content), etree.fromstring(written.content)
        assert [etree.tostring(child) for child in before] == [etree.tostring(child) for child in after]
        assert before.get("token") != after.get("token")


@pytest.mark.parametrize("body", [b"<a", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'])
def test_broken_xml_is_500_and_entities_are_not_resolved(api: Api, body: bytes) -> None:
    answer = requests.post(
        f"{api.base}/repository/ci/Infrastructure/x",
        data=body,
        headers={"Content-Type": "application/xml"},
        auth=api.auth,
        timeout=5,
    )
    assert answer.status_code == 500
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/repository/ci/Infrastructure%2Fa%20b",
        "//repository//ci/Infrastructure/a%20b",
        "/repository/ci/Infrastructure/a%20b/",
    ],
)
def test_ids_are_found_in_every_form_of_path(api: Api, path: str) -> None:
    api.create("Infrastructure/a b", **HOST)
    answer = requests.get(api.base + path, auth=api.auth, headers={"Accept": "application/json"}, timeout=5)
    assert answer.json()["id"] == "Infrastructure/a b"


def test_types_are_described_and_the_host_has_no_key_content_of_its_own(api: Api) -> None:
    described = api.call("GET", "/metadata/type/udm.Environment").json()
    members = next(found for found in described["properties"] if found["name"] == "members")
    assert (members["kind"], members["referencedType"]) == ("SET_OF_CI", "udm.Container")
    host = api.call("GET", "/metadata/type/overthere.SshHost").json()
    assert "privateKey" not in [found["name"] for found in host["properties"]]
