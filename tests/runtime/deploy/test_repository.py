"""Repository calls where a server's manner is not known: every manner leads to the same end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runtime.deploy.deployments import Deployments
from runtime.deploy.errors import Refused, Unreachable
from runtime.deploy.metadata import Metadata
from runtime.deploy.repository import Repository, boolean, in_use
from runtime.deploy.tasks import Tasks
from runtime.deploy.transport import Credentials, Transport
from tests.runtime.deploy.faulty_server import FaultyServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = {"id": "Infrastructure/h", "type": "overthere.SshHost"}
TRUE, FALSE = Reply(body='{"boolean": true}'), Reply(body='{"boolean": false}')


def transport(server: FaultyServer) -> Transport:
    return Transport(server.url, lambda _fresh: Credentials("amy", "secret"), timeout=(1.0, 5.0))


def repository(server: FaultyServer) -> Repository:
    connection = transport(server)
    return Repository(connection, Metadata(connection), sleep=lambda _seconds: None)


def ci(token: str, *members: str) -> Reply:
    return Reply(body=json.dumps({"id": "Environments/e", "$token": token, "members": members, "$new": 1}))


@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_ci_that_exists_is_as_good_as_created(status: int) -> None:
    with FaultyServer(Reply(status, "… already exists", "text/plain"), TRUE) as server:
        assert repository(server).create(HOST) is False


def test_a_create_whose_answer_is_lost_has_happened_if_the_ci_exists() -> None:
    with FaultyServer(Reply(cut=True), TRUE) as server:
        assert repository(server).create(HOST) is True


def test_a_create_whose_answer_is_lost_has_failed_if_the_ci_does_not_exist() -> None:
    with FaultyServer(Reply(cut=True), FALSE) as server, pytest.raises(Unreachable):
        repository(server).create(HOST)


@pytest.mark.parametrize("key", ["validation-messages", "validationMessages", "validations"])
def test_a_success_with_messages_is_a_refusal_when_the_ci_does_not_exist(key: str) -> None:
    said = {**HOST, key: [{"level": "ERROR", "property": "os", "message": "required"}]}
    with FaultyServer(Reply(body=json.dumps(said)), FALSE) as server, pytest.raises(Refused, match="os: req"):
        repository(server).create(HOST)


def test_no_secret_gets_into_what_a_success_has_against_a_ci() -> None:
    said = {**HOST, "$token": "2", "validation-messages": [{"message": "got s3cret-key, expected a key"}]}
    known = {**HOST, "$token": "1"}
    writes: list[Callable[[Repository], object]] = [
        lambda found: found.create(HOST),
        lambda found: found.update(HOST["id"], lambda item: {**item, "x": 1}, known),
    ]
    for write in writes:
        with FaultyServer(Reply(body=json.dumps(said)), FALSE) as server:
            found = repository(server)
            found._transport.protect("s3cret-key")
            with pytest.raises(Refused, match=r"got \*\*\*, expected a key"):
                write(found)


def test_no_secret_gets_out_of_a_task() -> None:
    step = {"state": "FAILED", "description": "run s3cret-key", "log": "+ echo s3cret-key"}
    tree = Reply(body=json.dumps({"id": "1", "state": "FAILED", "block": {"id": "0_1"}}))
    with FaultyServer(
        tree, Reply(body=json.dumps([{**step, "metadata": {}}])), step_log("s3cret-key")
    ) as server:
        connection = transport(server)
        connection.protect("s3cret-key")
        tasks = Tasks(connection)
        (found,) = tasks.steps("1")
        assert (found.description, found.log) == ("run ***", "+ echo ***")
        assert tasks.log("1", "0_1_1") == "***"


def step_log(text: str) -> Reply:
    return Reply(body=json.dumps({"log": text}))


def test_no_secret_gets_into_what_forbids_a_deployment() -> None:
    wrong = {"validation-messages": [{"message": "got s3cret-key"}], "deployeds": []}
    with FaultyServer(Reply(body=json.dumps(wrong))) as server:
        connection = transport(server)
        connection.protect("s3cret-key")
        assert Deployments(connection).validate({}) == ("got ***",)


def test_a_warning_does_not_block() -> None:
    said = {**HOST, "validation-messages": [{"level": "WARNING", "message": "hm"}]}
    with FaultyServer(Reply(body=json.dumps(said))) as server:
        assert repository(server).create(HOST) is True


@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_conflict_is_told_by_the_token_and_the_change_is_made_again(status: int) -> None:
    conflict = Reply(status, "stale", "text/plain")
    with FaultyServer(ci("1", "a"), conflict, ci("2", "a", "b"), ci("3", "a", "b", "c")) as server:
        repository(server).update("Environments/e", lambda e: {**e, "members": [*e["members"], "c"]})
    written = json.loads(server.seen[3].body)
    assert written == {"id": "Environments/e", "$token": "2", "members": ["a", "b", "c"], "$new": 1}


@pytest.mark.parametrize(
    ("known", "calls", "members"),
    [
        ({"$token": "1", "members": ["a"]}, ["PUT"], ["a", "c"]),
        ({"$token": "0", "members": []}, ["PUT", "GET", "PUT"], ["a", "c"]),
        ({"members": []}, ["GET", "PUT"], ["a", "c"]),
    ],
    ids=["as it is", "old", "without a token"],
)
def test_a_change_may_begin_with_what_was_read_before_if_deploy_can_tell_that_it_is_old(
    known: dict[str, object], calls: list[str], members: list[str]
) -> None:
    replies = {"PUT": ci("2", "a", "c"), "GET": ci("1", "a")}
    answers = [replies[call] for call in calls]
    if len(calls) == 3:
        answers[0] = Reply(409, "stale", "text/plain")
    with FaultyServer(*answers) as server:
        repository(server).update(
            "Environments/e",
            lambda e: {**e, "members": [*e["members"], "c"]},
            known={"id": "Environments/e", **known},
        )
    assert [seen.method for seen in server.seen] == calls
    written = json.loads(server.seen[-1].body)
    assert (written["members"], written["$token"]) == (members, "1")


def test_a_refusal_with_the_same_token_is_an_error() -> None:
    refusal = Reply(400, "no such property", "text/plain")
    with FaultyServer(ci("1"), refusal, ci("1")) as server, pytest.raises(Refused, match="no such property"):
        repository(server).update("Environments/e", lambda e: {**e, "x": 1})


def test_a_write_whose_answer_is_lost_is_looked_at_before_it_is_repeated() -> None:
    with FaultyServer(ci("1"), Reply(cut=True), ci("2", "c")) as server:
        changed = repository(server).update(
            "Environments/e", lambda e: None if "c" in e["members"] else {**e, "members": ["c"]}
        )
    assert changed is not None
    assert changed["members"] == ["c"]
    assert [seen.method for seen in server.seen] == ["GET", "PUT", "GET"]


@pytest.mark.parametrize("reply", [Reply(204), Reply(404)])
def test_deleting_what_is_gone_succeeds(reply: Reply) -> None:
    with FaultyServer(reply) as server:
        repository(server).delete("Infrastructure/h")


@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_ci_in_use_is_told_by_the_words(status: int) -> None:
    text = "Repository entity Infrastructure/h is still referenced by Environments/e"
    with FaultyServer(Reply(status, text, "text/plain"), TRUE) as server, pytest.raises(Refused) as caught:
        repository(server).delete("Infrastructure/h")
    assert in_use(caught.value)


def test_a_query_pages_on_when_the_server_caps_its_answer() -> None:
    first = [{"ref": f"Infrastructure/{n}", "type": "t"} for n in range(1000)]
    second = [{"ref": f"Infrastructure/{n}", "type": "t"} for n in range(1000, 1003)]
    with FaultyServer(Reply(body=json.dumps(first)), Reply(body=json.dumps(second))) as server:
        assert len(repository(server).query(parent="Infrastructure")) == 1003
    assert ["page=0" in server.seen[0].path, "page=1" in server.seen[1].path] == [True, True]


def test_a_server_without_pages_is_not_asked_for_ever() -> None:
    same = [{"ref": f"Infrastructure/{n}", "type": "t"} for n in range(1000)]
    with FaultyServer(Reply(body=json.dumps(same))) as server:
        assert len(repository(server).query(parent="Infrastructure")) == 1000
    assert len(server.seen) == 2


def test_a_batch_that_is_refused_is_finished_one_by_one() -> None:
    refusal = Reply(400, "already exists", "text/plain")
    created = Reply(body=json.dumps(HOST))
    with FaultyServer(refusal, refusal, TRUE, created) as server:
        repository(server).create_all([{"id": "Infrastructure/a"}, {"id": "Infrastructure/b"}])
    assert [seen.method for seen in server.seen] == ["POST", "POST", "GET", "POST"]


def test_a_batch_counts_as_created_as_far_as_its_answer_shows_it_stored() -> None:
    blocked = {"validation-messages": [{"level": "ERROR", "message": "required"}]}
    warned = {"validation-messages": [{"level": "WARNING", "message": "hm"}]}
    answer = [
        {"id": "Infrastructure/a", "$token": "1"},
        {"id": "Infrastructure/b", "$token": "2", **warned},
        {"id": "Infrastructure/c", "$token": "3", **blocked},
        {"id": "Infrastructure/d"},
    ]
    items = [{"id": f"Infrastructure/{name}"} for name in "abcd"]
    for shown, stored in ((answer, {"Infrastructure/a", "Infrastructure/b"}), (None, set())):
        with FaultyServer(Reply(body=json.dumps(shown))) as server:
            assert repository(server).create_all(items) == stored


def test_ids_are_escaped_but_for_their_slashes() -> None:
    with FaultyServer(TRUE) as server:
        repository(server).exists("Environments/a b/50%/#1")
    assert server.seen[0].path == "/deployit/repository/exists/Environments/a%20b/50%25/%231"


@pytest.mark.parametrize("answer", [{"boolean": True}, True, "true", "<boolean>true</boolean>"])
def test_truth_has_many_forms(answer: object) -> None:
    assert boolean(answer)


@pytest.mark.parametrize("answer", [{"boolean": False}, False, "false", "<boolean>false</boolean>"])
def test_so_has_untruth(answer: object) -> None:
    assert not boolean(answer)


@pytest.mark.parametrize(
    "reply", [Reply(body='{"string": "id-1"}'), Reply(body="id-1\n", content_type="text/plain")]
)
def test_a_task_id_comes_in_json_or_bare(reply: Reply) -> None:
    with FaultyServer(reply) as server:
        assert Deployments(transport(server)).create({}) == "id-1"


def task(state: str) -> Reply:
    return Reply(body=json.dumps({"id": "1", "state": state}))


@pytest.mark.parametrize("status", [400, 404, 409])
def test_archiving_what_is_archived_succeeds(status: int) -> None:
    with FaultyServer(Reply(status, "no", "text/plain"), task("DONE")) as server:
        Tasks(transport(server)).archive("1")


def test_archiving_what_still_runs_is_an_error() -> None:
    with FaultyServer(Reply(400, "no", "text/plain"), task("EXECUTING")) as server, pytest.raises(Refused):
        Tasks(transport(server)).archive("1")


def test_a_start_whose_answer_is_lost_has_happened_if_the_task_runs() -> None:
    with FaultyServer(Reply(cut=True), task("EXECUTING")) as server:
        Tasks(transport(server)).start("1")


def test_steps_are_skipped_in_xml_when_the_server_does_not_take_json() -> None:
    tree = Reply(body=json.dumps({"id": "1", "state": "PENDING", "block": {"id": "0_1"}}))
    steps = Reply(body=json.dumps([{"state": "SKIP", "description": "x"}]))
    with FaultyServer(Reply(400, "no", "text/plain"), Reply(204), tree, steps) as server:
        assert Tasks(transport(server)).skip("1", ["0_1_1"])
    assert server.seen[1].body == "<list><string>0_1_1</string></list>"
    assert server.seen[1].headers["Content-Type"] == "application/xml"


def test_a_skip_that_did_not_take_is_noticed() -> None:
    tree = Reply(body=json.dumps({"id": "1", "state": "PENDING", "block": {"id": "0_1"}}))
    steps = Reply(body=json.dumps([{"state": "PENDING", "description": "x"}]))
    with FaultyServer(Reply(204), tree, steps) as server:
        assert not Tasks(transport(server)).skip("1", ["0_1_1"])
