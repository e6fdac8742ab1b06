"""What the reconciler remembers between runs, in a table as DynamoDB keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from runtime.aws.ledger import Ledger, NoLedger
from runtime.reconciliation.memory import Breaker, Failure, Memory, OpenTask, Verified, Wait
from tests.runtime.twins.aws import TwinReport

if TYPE_CHECKING:
    import pytest


class Table:
    """DynamoDB's part that the ledger uses."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.error: Exception | None = None
        self.unprocessed = 0
        self.refused: str | None = None
        self.page = 100

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's keywords
        if self.error:
            raise self.error
        key, kind = (asked["ExpressionAttributeValues"][name]["S"] for name in (":key", ":kind"))
        after = asked.get("ExclusiveStartKey", {"sk": {"S": ""}})["sk"]["S"]
        found = sorted(sk for pk, sk in self.items if pk == key and sk.startswith(kind) and sk > after)
        page = found[: self.page]
        more = {"LastEvaluatedKey": {"pk": {"S": key}, "sk": {"S": page[-1]}}} if page != found else {}
        return {"Items": [self.items[key, sk] for sk in page], **more}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's keyword
        if self.error:
            raise self.error
        ((table, requests),) = RequestItems.items()
        assert len(requests) <= 25
        late = requests[len(requests) - self.unprocessed :] if self.unprocessed else []
        self.unprocessed = 0
        for request in requests[: len(requests) - len(late)]:
            if "PutRequest" in request:
                item = request["PutRequest"]["Item"]
                if self.refused and item["sk"]["S"].startswith(self.refused):
                    late.append(request)
                    continue
                self.items[item["pk"]["S"], item["sk"]["S"]] = item
            else:
                key = request["DeleteRequest"]["Key"]
                del self.items[key["pk"]["S"], key["sk"]["S"]]
        return {"UnprocessedItems": {table: late} if late else {}}


MEMORY = Memory(
    observed=12.5,
    verified={"Environments/web/shop": Verified("Applications/shop/1.0", "t", {"i-1": 2})},
    failures={"Environments/web/shop": {"i-2": Failure("Applications/shop/1.0", 2, 99.0, "exit 1")}},
    breakers={"Environments/web/shop": Breaker("Applications/shop/1.0", 2)},
    undeploys={"i-3": 1},
    remembered={"Environments/web/search": "Applications/search/1.0"},
    tasks={
        "t1": OpenTask("Environments/web/shop", "Applications/shop/1.0", "t", {"i-1": 2}, ("i-1",), ("i-3",))
    },
    waits={"i-1": Wait("Pending:Wait", 2.0, 3.0)},
    completed={"i-1": "Pending:Wait"},
)


class TestLedger:
    def ledger(self, table: Table, report: TwinReport | None = None, at: float = 1000.0) -> Ledger:
        pauses: list[float] = []
        return Ledger(lambda: table, "ledger", lambda: at, report or TwinReport(), pauses.append)  # type: ignore[arg-type,return-value] # stands in for it

    def test_a_memory_comes_back_whole(self) -> None:
        table = Table()
        self.ledger(table).save("web", MEMORY)
        assert self.ledger(table).load("web") == MEMORY
        assert self.ledger(table).load("api") == Memory()

    def test_a_memory_larger_than_an_item_is_cut_and_shrinks_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("runtime.aws.ledger._PART_BYTES", 100)
        table = Table()
        ledger = self.ledger(table)
        ledger.save("web", MEMORY)
        assert len(table.items) > 2
        assert ledger.load("web") == MEMORY
        ledger.save("web", Memory())
        assert len(table.items) == 1
        assert ledger.load("web") == Memory()

    def test_a_memory_of_several_pages_is_read_to_the_last(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("runtime.aws.ledger._PART_BYTES", 50)
        table = Table()
        table.page = 2
        ledger = self.ledger(table)
        ledger.save("web", MEMORY)
        assert len(table.items) > 4
        assert self.ledger(table).load("web") == MEMORY
        ledger.save("web", Memory())
        assert len(table.items) == 2

    def test_a_memory_that_could_not_be_read_is_not_replaced_by_less(self) -> None:
        table = Table()
        self.ledger(table).save("web", MEMORY)
        ledger = self.ledger(table)
        table.error = ClientError({"Error": {"Code": "InternalServerError"}}, "Query")
        assert ledger.load("web") == Memory()
        table.error = None
        ledger.save("web", Memory(), [("i-1", "continue", "nothing is deployed")])
        assert ledger.load("web") == MEMORY
        assert ("web", "instance#i-1#0000000001000.000#continue#0") in table.items
        ledger.save("web", Memory())
        assert ledger.load("web") == Memory()

    def test_stories_are_added_to_and_expire(self) -> None:
        table = Table()
        ledger, later = self.ledger(table), self.ledger(table, at=1001.0)
        ledger.save("web", MEMORY, [("i-1", "registered", "InService without a host")])
        later.save("web", MEMORY, [("i-1", "continue", "verified"), ("i-2", "removed", "gone")])
        assert later.load("web") == MEMORY
        story = [
            item["event"]["S"]
            for (_, sk), item in sorted(table.items.items())
            if sk.startswith("instance#i-1#")
        ]
        assert story == ["registered", "continue"]
        assert {item["expires"]["N"] for (_, sk), item in table.items.items() if "#i-1#" in sk} == {
            str(1000 + 30 * 86_400),
            str(1001 + 30 * 86_400),
        }

    def test_what_dynamodb_leaves_undone_is_sent_again(self) -> None:
        table = Table()
        table.unprocessed = 5
        self.ledger(table).save("web", MEMORY, [(f"i-{n}", "registered", "") for n in range(60)])
        assert len(table.items) == 61
        assert self.ledger(table).load("web") == MEMORY

    def test_what_dynamodb_never_takes_is_told_and_the_memory_is_kept(self) -> None:
        table, report = Table(), TwinReport()
        table.refused = "instance#i-40"
        self.ledger(table, report).save("web", MEMORY, [(f"i-{n}", "removed", "") for n in range(60)])
        assert self.ledger(table).load("web") == MEMORY
        assert len(table.items) == 60
        assert report.metrics == {"LedgerFailures": 1}
        ((_, told),) = report.lines
        assert told["reason"] == "1 of 25 items were not taken in 6 attempts"

    def test_a_ledger_out_of_reach_fails_nothing_and_says_so(self) -> None:
        table, report = Table(), TwinReport()
        table.error = ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Query")
        ledger = self.ledger(table, report)
        assert ledger.load("web") == Memory()
        ledger.save("web", MEMORY, [("i-1", "registered", "")])
        assert report.metrics == {"LedgerFailures": 2}

    def test_a_ledger_that_cannot_be_understood_is_an_empty_one(self) -> None:
        table, report = Table(), TwinReport()
        table.items["web", "memory#000"] = {
            "pk": {"S": "web"},
            "sk": {"S": "memory#000"},
            "data": {"B": b"?"},
        }
        assert self.ledger(table, report).load("web") == Memory()
        assert report.metrics == {"LedgerFailures": 1}

    def test_without_a_table_the_container_remembers(self) -> None:
        ledger = NoLedger()
        ledger.save("web", MEMORY)
        assert ledger.load("web") == MEMORY
        assert ledger.load("web") is not MEMORY
