from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from ..making import bodies, make_function, make_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_app.sandbox.cloud import Cloud

# Tells that it has begun, then works for longer than any test.
SLOW = """
import boto3, os, time
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["BEGUN"], MessageBody="true")
    time.sleep(event)
    return "done"
"""


def test_a_function_can_be_killed_at_work_and_works_again(
    cloud: Cloud, name: str, until: Callable[[Callable[[], Any]], Any]
) -> None:
    begun, _ = make_queue(cloud, name)
    make_function(cloud, name, SLOW, variables={"BEGUN": begun})

    def invoke(seconds: float) -> Any:  # noqa: ANN401 - any JSON value
        answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(seconds).encode())
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    with pytest.raises(LookupError, match=f"{name} is not working"):
        cloud.kill_function(name)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(invoke, 15)
        until(lambda: bodies(cloud, begun))
        cloud.kill_function(name)
        error, _ = call.result()
    assert error == "Unhandled"
    assert invoke(0) == (None, "done")
