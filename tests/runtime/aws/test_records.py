"""Records of what was seeded, against recorded answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtime.seeding.errors import SeedError
from runtime.seeding.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.aws.stubs import Aws


def test_records_are_written_read_and_forgotten(aws: Aws) -> None:
    stub = aws.stubs["ssm"]
    stub.add_client_error("get_parameter", "ParameterNotFound")
    stub.add_response("put_parameter", {})
    stub.add_response(
        "get_parameter",
        {"Parameter": {"Value": '{"Environments/web":"udm.Environment"}'}},
        {"Name": "/hub/records/web"},
    )
    stub.add_client_error("delete_parameter", "ParameterNotFound")
    records = Records(aws["ssm"], "/hub/records")
    assert records.read("web") == {}
    records.write("web", {"Environments/web": "udm.Environment"})
    assert records.read("web") == {"Environments/web": "udm.Environment"}
    records.delete("web")
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (lambda records: records.read("web"), "get_parameter"),
        (lambda records: records.write("web", {"Environments/web": "udm.Environment"}), "put_parameter"),
        (lambda records: records.delete("web"), "delete_parameter"),
    ],
    ids=["read", "write", "delete"],
)
def test_a_record_that_cannot_be_used_is_named(
    aws: Aws, call: Callable[[Records], object], operation: str
) -> None:
    aws.stubs["ssm"].add_client_error(operation, "AccessDeniedException", "no")
    with pytest.raises(SeedError) as caught:
        call(Records(aws["ssm"], "/hub/records"))
    assert str(caught.value).startswith(
        "the record /hub/records/web of what is created cannot be used: "
        "An error occurred (AccessDeniedException)"
    )
