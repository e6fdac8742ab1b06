"""The method that calls Deploy: what is sent there, and what EventBridge makes of the answers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.cdk_app.cases import CASES, Case, properties, resources

(PUBLIC, PRIVATE) = (case for case in CASES if case.name.startswith("endpoint delivery"))


def integration(case: Case = PUBLIC) -> dict[str, Any]:
    (method,) = properties(case, "AWS::ApiGateway::Method")
    return dict(method["Integration"])


def test_the_login_is_a_reference_that_cloudformation_resolves() -> None:
    header = integration()["RequestParameters"]["integration.request.header.Authorization"]
    text = json.dumps(header)
    assert "{{resolve:secretsmanager:" in text
    assert ":secret:deploy/eventbridge:SecretString:authorization::}}'" in text


def test_it_is_posted_to_the_plugin_and_not_passed_through() -> None:
    found = integration()
    assert (found["Type"], found["IntegrationHttpMethod"]) == ("HTTP", "POST")
    assert found["Uri"] == "https://deploy.example.com:4516/api/extension/aws/asg/event"
    assert found["PassthroughBehavior"] == "NEVER"


def test_a_private_server_is_reached_by_the_link() -> None:
    found = integration(PRIVATE)
    assert (found["ConnectionType"], found["ConnectionId"]) == ("VPC_LINK", "abc123")
    assert found["Uri"] == "https://deploy.internal.example/api/extension/aws/asg/event"


@pytest.mark.parametrize(
    ("status", "method_status"),
    [
        *((status, "200") for status in (200, 201, 204)),
        *((status, "400") for status in (400, 401, 402, 403, 404, 409, 422)),
        *((status, "503") for status in (408, 429, 500, 502, 503, 504, 301)),
    ],
)
def test_what_may_pass_is_tried_again_and_the_rest_is_dead_lettered(status: int, method_status: str) -> None:
    """API Gateway takes the response whose pattern matches the status as a whole, else the one without."""
    responses = integration()["IntegrationResponses"]
    matching = [
        response["StatusCode"]
        for response in responses
        if "SelectionPattern" in response and re.fullmatch(response["SelectionPattern"], str(status))
    ]
    (default,) = (r["StatusCode"] for r in responses if "SelectionPattern" not in r)
    assert (matching or [default]) == [method_status]


def test_every_status_of_the_method_is_declared() -> None:
    (method,) = properties(PUBLIC, "AWS::ApiGateway::Method")
    declared = {response["StatusCode"] for response in method["MethodResponses"]}
    assert declared == {response["StatusCode"] for response in method["Integration"]["IntegrationResponses"]}


def test_only_successful_launches_and_terminations_are_sent() -> None:
    (rule,) = properties(PUBLIC, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail-type"] == [
        "EC2 Instance Launch Successful",
        "EC2 Instance Terminate Successful",
    ]
    (target,) = rule["Targets"]
    assert "DeadLetterConfig" in target


@pytest.mark.parametrize("case", [PUBLIC, PRIVATE], ids=lambda case: case.name)
def test_no_function_queue_or_schedule_is_in_the_way_of_an_event(case: Case) -> None:
    handlers = {function.get("Handler") for function in properties(case, "AWS::Lambda::Function")}
    assert "runtime.handlers.reconcile.handler" not in handlers
    assert not list(resources(case, "AWS::Scheduler::Schedule"))
    assert not list(resources(case, "AWS::Lambda::EventSourceMapping"))
    # The dead letters of the rules.
    assert len(list(resources(case, "AWS::SQS::Queue"))) == 1


def test_there_are_no_hooks_that_nobody_would_complete() -> None:
    (group,) = properties(PUBLIC, "AWS::AutoScaling::AutoScalingGroup")
    assert "LifecycleHookSpecificationList" not in group


def test_the_template_tells_the_plugin_where_its_hosts_belong() -> None:
    seeds = [json.dumps(seed) for seed in properties(PRIVATE, "Custom::DeploySeed")]
    (orders,) = (seed for seed in seeds if '"Group": "orders"' in seed)
    for told in ('"autoScalingGroup": "orders"', '"environment": "Environments/{group}"', '"cloud": "Infra'):
        assert told in orders
    assert "overthere.SshHost" not in orders


def test_the_template_of_a_group_says_nothing_of_that_with_handler_delivery() -> None:
    (minimal,) = (case for case in CASES if case.name == "minimal")
    assert "autoScalingGroup" not in json.dumps(list(properties(minimal, "Custom::DeploySeed")))


def test_deploy_is_not_called_more_often_than_it_can_take() -> None:
    (stage,) = properties(PUBLIC, "AWS::ApiGateway::Stage")
    (settings,) = stage["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (5, 10)
