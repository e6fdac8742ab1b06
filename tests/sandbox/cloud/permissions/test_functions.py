from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..making import ACCOUNT, make_function, make_role

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud import Cloud

# Makes the calls that it is told and answers with their outcome.
CALLER = """
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    answers = []
    for service, operation, arguments in event:
        try:
            getattr(boto3.client(service), operation)(**arguments)
            answers.append("done")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
    return answers
"""


def calls(cloud: Cloud, name: str, *wanted: tuple[str, str, dict[str, object]]) -> list[str]:
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(wanted).encode())
    outcome: list[str] = json.loads(answer["Payload"].read())
    return outcome


def test_a_function_may_do_what_its_role_allows_and_nothing_else(cloud: Cloud, name: str) -> None:
    parameters = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/{name}"
    role = make_role(cloud, name, ["ssm:GetParameter*"], f"{parameters}/own/*")
    make_function(cloud, name, CALLER, role=role)
    ssm = cloud.client("ssm")
    for parameter in (f"/{name}/own/a", f"/{name}/other/b"):
        ssm.put_parameter(Name=parameter, Value="1", Type="String")
    assert calls(
        cloud,
        name,
        ("ssm", "get_parameter", {"Name": f"/{name}/own/a"}),
        ("ssm", "get_parameters", {"Names": [f"/{name}/own/a"]}),
        ("ssm", "get_parameter", {"Name": f"/{name}/other/b"}),
        ("ssm", "get_parameters", {"Names": [f"/{name}/own/a", f"/{name}/other/b"]}),
        ("ssm", "put_parameter", {"Name": f"/{name}/own/c", "Value": "1", "Type": "String"}),
        ("ec2", "describe_instances", {}),
        ("sts", "get_caller_identity", {}),
    ) == [
        "done",
        "done",
        "AccessDeniedException",
        "AccessDeniedException",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "done",
    ]


def test_actions_on_a_group_are_allowed_by_its_arn_and_descriptions_by_a_star_only(
    cloud: Cloud, name: str
) -> None:
    ec2, scaling = cloud.client("ec2"), cloud.client("autoscaling")
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12345678"})
    for group in (name, f"{name}-other"):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=group,
            MinSize=0,
            MaxSize=1,
            LaunchTemplate={"LaunchTemplateName": name},
            AvailabilityZones=["us-east-1a"],
        )
    group_arn = f"arn:aws:autoscaling:us-east-1:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/{name}"
    make_function(cloud, name, CALLER, role=make_role(cloud, name, ["autoscaling:*"], group_arn))
    assert calls(
        cloud,
        name,
        ("autoscaling", "set_desired_capacity", {"AutoScalingGroupName": name, "DesiredCapacity": 1}),
        (
            "autoscaling",
            "set_desired_capacity",
            {"AutoScalingGroupName": f"{name}-other", "DesiredCapacity": 1},
        ),
        ("autoscaling", "describe_warm_pool", {"AutoScalingGroupName": name}),
    ) == ["done", "AccessDenied", "AccessDenied"]


def test_a_role_that_does_not_trust_lambda_may_do_nothing(cloud: Cloud, name: str) -> None:
    make_function(cloud, name, CALLER, role=make_role(cloud, name, ["*"], trusts=["events"]))
    assert calls(cloud, name, ("sqs", "list_queues", {})) == ["AccessDenied"]
    refused = f"lambda.amazonaws.com is not authorized to assume the role arn:aws:iam::{ACCOUNT}:role/{name}"
    assert refused in cloud.log_file.read_text()


def test_a_role_that_does_not_exist_may_do_nothing(cloud: Cloud, name: str) -> None:
    make_function(cloud, name, CALLER, role=f"arn:aws:iam::{ACCOUNT}:role/{name}-missing")
    assert calls(cloud, name, ("sqs", "list_queues", {})) == ["AccessDenied"]
