from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ..making import ACCOUNT, ROLE, bodies, make_function, make_queue, make_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_events.type_defs import InputTransformerTypeDef, RetryPolicyTypeDef, TargetTypeDef

    from cdk_app.sandbox.cloud import Cloud

    Until = Callable[[Callable[[], Any]], Any]

# Answers what the path says the first times, and 200 from then on; keeps what it got in the path's queue.
BACKEND = """
import boto3, json
sqs = boto3.client("sqs")
def handler(event, context):
    url = sqs.get_queue_url(QueueName=event["pathParameters"]["queue"])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    calls = int(sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]["ApproximateNumberOfMessages"])
    status, times = event["pathParameters"]["answer"].split("-")
    return {"statusCode": int(status) if calls <= int(times) else 200, "body": "as told"}
"""


@pytest.fixture(scope="module")
def api_id(cloud: Cloud) -> str:
    """An API that answers as told."""
    function = make_function(cloud, "rules-backend", BACKEND)
    api = cloud.client("apigateway")
    made = api.create_rest_api(name="rules")["id"]
    (root,) = api.get_resources(restApiId=made)["items"]
    parent = root["id"]
    for part in ("{queue}", "{answer}"):
        parent = api.create_resource(restApiId=made, parentId=parent, pathPart=part)["id"]
    api.put_method(restApiId=made, resourceId=parent, httpMethod="POST", authorizationType="AWS_IAM")
    api.put_integration(
        restApiId=made,
        resourceId=parent,
        httpMethod="POST",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
    )
    api.create_deployment(restApiId=made, stageName="v1")
    return made


class Delivering:
    """A rule with an API as target, what the API received, and dead letters."""

    def __init__(self, cloud: Cloud, name: str, api_id: str) -> None:
        self.cloud = cloud
        self.name = name
        self.method = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api_id}/v1/POST"
        self.received, _ = make_queue(cloud, name)
        self.dead, self.dead_arn = make_queue(cloud, f"{name}-dead")
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.dead_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.rule_arn}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        cloud.client("sqs").set_queue_attributes(
            QueueUrl=self.dead, Attributes={"Policy": json.dumps(policy)}
        )

    @property
    def rule_arn(self) -> str:
        return f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{self.name}"

    def rule(
        self,
        answer: str,
        role: str = ROLE,
        retry: RetryPolicyTypeDef | None = None,
        transformer: InputTransformerTypeDef | None = None,
    ) -> None:
        events = self.cloud.client("events")
        events.put_rule(Name=self.name, EventPattern=json.dumps({"source": [self.name]}))
        target: TargetTypeDef = {
            "Id": "api",
            "Arn": f"{self.method}/*/*",
            "RoleArn": role,
            "HttpParameters": {
                "PathParameterValues": [self.name, answer],
                "HeaderParameters": {"X-Group": "Web-1"},
            },
            "DeadLetterConfig": {"Arn": self.dead_arn},
        }
        if retry is not None:
            target["RetryPolicy"] = retry
        if transformer is not None:
            target["InputTransformer"] = transformer
        events.put_targets(Rule=self.name, Targets=[target])

    def put(self, **detail: object) -> None:
        entry = {"Source": self.name, "DetailType": "t", "Detail": json.dumps(detail)}
        self.cloud.client("events").put_events(Entries=[entry])  # type: ignore[list-item]  # a literal

    def requests(self) -> int:
        answer = self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.received, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def dead_letters(self) -> list[Any]:
        answer = self.cloud.client("sqs").receive_message(
            QueueUrl=self.dead, MessageAttributeNames=["All"], MaxNumberOfMessages=10
        )
        return list(answer.get("Messages", []))


@pytest.fixture
def delivering(cloud: Cloud, name: str, api_id: str) -> Delivering:
    return Delivering(cloud, name, api_id)


def test_an_event_arrives_as_a_signed_request_with_the_rules_parameters(
    delivering: Delivering, until: Until
) -> None:
    delivering.rule("200-0")
    delivering.put(AutoScalingGroupName='it\'s "web" & ü')
    (request,) = until(lambda: bodies(delivering.cloud, delivering.received))
    body = json.loads(request["body"])
    assert body["detail"] == {"AutoScalingGroupName": 'it\'s "web" & ü'}
    assert body["source"] == delivering.name
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert headers["x-group"] == "Web-1"
    assert "/us-east-1/execute-api/aws4_request" in headers["authorization"]


def test_a_transformed_event_arrives_transformed(delivering: Delivering, until: Until) -> None:
    transformer: InputTransformerTypeDef = {
        "InputPathsMap": {"group": "$.detail.group"},
        "InputTemplate": '{"group": <group>, "rule": "<aws.events.rule-name>"}',
    }
    delivering.rule("200-0", transformer=transformer)
    delivering.put(group="web")
    (request,) = until(lambda: bodies(delivering.cloud, delivering.received))
    assert json.loads(request["body"]) == {"group": "web", "rule": delivering.name}


def test_a_target_that_is_down_is_tried_again_until_it_answers(delivering: Delivering, until: Until) -> None:
    delivering.rule("503-2")
    delivering.put()
    until(lambda: delivering.requests() == 3)
    assert delivering.dead_letters() == []


def test_a_target_that_stays_down_ends_in_the_dead_letter_queue(delivering: Delivering, until: Until) -> None:
    delivering.rule("503-9", retry={"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60})
    delivering.put(number=7)
    (letter,) = until(delivering.dead_letters)
    assert json.loads(letter["Body"])["detail"] == {"number": 7}
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes == {
        "RULE_ARN": delivering.rule_arn,
        "TARGET_ARN": f"{delivering.method}/*/*",
        "ERROR_CODE": "ERROR_FROM_TARGET",
        "ERROR_MESSAGE": "as told",
        "RETRY_ATTEMPTS": "1",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    assert delivering.requests() == 2


def test_a_refused_event_is_a_dead_letter_at_once(delivering: Delivering, until: Until) -> None:
    delivering.rule("400-9")
    delivering.put()
    (letter,) = until(delivering.dead_letters)
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "SDK_CLIENT_ERROR"
    assert "EXHAUSTED_RETRY_CONDITION" not in letter["MessageAttributes"]
    assert delivering.requests() == 1


def test_a_target_whose_role_may_not_call_it_is_a_dead_letter_at_once(
    delivering: Delivering, until: Until
) -> None:
    other = f"{delivering.method}/{delivering.name}/200-1"
    role = make_role(delivering.cloud, delivering.name, ["execute-api:Invoke"], other)
    delivering.rule("200-0", role=role)
    delivering.put()
    (letter,) = until(delivering.dead_letters)
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert delivering.requests() == 0
    delivering.rule("200-1", role=role)
    delivering.put()
    until(lambda: delivering.requests() == 1)


def test_a_dead_letter_queue_whose_policy_does_not_allow_it_gets_nothing(
    delivering: Delivering, until: Until
) -> None:
    delivering.cloud.client("sqs").set_queue_attributes(QueueUrl=delivering.dead, Attributes={"Policy": ""})
    delivering.rule("400-9")
    delivering.put()
    lost = f"dead letter of {delivering.rule_arn} is lost: the policy"
    until(lambda: lost in delivering.cloud.log_file.read_text())
    assert delivering.dead_letters() == []
