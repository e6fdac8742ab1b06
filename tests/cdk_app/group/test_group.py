"""What a group is in the template, and what the reconciler is told about it."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Match, Template

from cdk_app import DeployedAutoScalingGroup, DeployHub
from tests.cdk_app.cases import BASTION, deploy_server, new_stack
from tests.cdk_app.group.built import environment, only, rule_of, settings, template_with
from tests.cdk_app.references import referred, written


class TestGroup:
    def test_starts_empty_and_leaves_the_number_to_people(self, template: dict[str, Any]) -> None:
        _, group = only(template, "AWS::AutoScaling::AutoScalingGroup")
        assert (group["MinSize"], group["MaxSize"]) == ("0", "4")
        assert "DesiredCapacity" not in group

    def test_an_update_of_the_stack_replaces_no_instance(self, template: dict[str, Any]) -> None:
        (group,) = (
            resource
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::AutoScaling::AutoScalingGroup"
        )
        assert group["UpdatePolicy"] == {
            "AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": True}
        }

    def test_hooks_are_part_of_the_group(self, template: dict[str, Any]) -> None:
        _, group = only(template, "AWS::AutoScaling::AutoScalingGroup")
        assert group["LifecycleHookSpecificationList"] == [
            {
                "LifecycleHookName": "deploy",
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                "HeartbeatTimeout": 1800,
                "DefaultResult": "ABANDON",
            },
            {
                "LifecycleHookName": "undeploy",
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
                "HeartbeatTimeout": 1800,
                "DefaultResult": "CONTINUE",
            },
        ]
        assert "AWS::AutoScaling::LifecycleHook" not in {
            resource["Type"] for resource in template["Resources"].values()
        }

    def test_without_a_gate_there_are_no_hooks(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(stack, "Web", hub=hub, max_capacity=4, gate=None)
        )
        assert "LifecycleHookSpecificationList" not in only(built, "AWS::AutoScaling::AutoScalingGroup")[1]
        assert "hooks" not in settings(built)

    def test_instances_get_ssh_from_the_bastion_alone(self, template: dict[str, Any]) -> None:
        _, rule = only(template, "AWS::EC2::SecurityGroupIngress")
        assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (22, 22, "tcp")
        assert "BastionSecurityGroup" in rule["SourceSecurityGroupId"]["Fn::GetAtt"][0]

    def test_image_follows_the_architecture_of_the_type(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack, "Web", hub=hub, max_capacity=4, instance_type=ec2.InstanceType("m7i.large")
            )
        )
        _, launch = only(built, "AWS::EC2::LaunchTemplate")
        image = launch["LaunchTemplateData"]["ImageId"]["Ref"]
        assert built["Parameters"][image]["Default"].endswith("x86_64")

    def test_an_image_of_yours_may_need_disks_and_set_up_of_its_own(self) -> None:
        user_data = ec2.UserData.for_linux()
        user_data.add_commands("useradd app")
        encrypted = ec2.BlockDeviceVolume.ebs(20, encrypted=True)
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack,
                "Web",
                hub=hub,
                max_capacity=4,
                machine_image=ec2.MachineImage.generic_linux({"eu-west-1": "ami-0123456789abcdef0"}),
                block_devices=[ec2.BlockDevice(device_name="/dev/sda1", volume=encrypted)],
                user_data=user_data,
            )
        )
        launch = only(built, "AWS::EC2::LaunchTemplate")[1]["LaunchTemplateData"]
        assert [each["DeviceName"] for each in launch["BlockDeviceMappings"]] == ["/dev/sda1"]
        assert launch["UserData"] == {"Fn::Base64": "#!/bin/bash\nuseradd app"}


class TestWhatTheReconcilerIsTold:
    def test_settings(self, template: dict[str, Any]) -> None:
        here = "aws/<AWS::AccountId>/<AWS::Region>"
        told = settings(template)
        key = told.pop("secretProperties")
        assert key["privateKey"]["parameter"].startswith("/ec2/keypair/<HubKeyPair")
        assert told == {
            "autoScalingGroup": "web",
            "environment": "Environments/{group}",
            "infrastructure": f"Infrastructure/{here}/{{group}}",
            "templates": [f"Configuration/{here}/{{group}}", f"Infrastructure/{here}/{{group}}-template"],
            "jumpstation": f"Infrastructure/{here}/Stack-Hub-0FCC66A4-bastion",
            "hooks": {"launch": "deploy", "terminate": "undeploy", "timeout": 1800},
            "onFailure": "ABANDON",
        }

    def test_name_of_the_parameter_is_prefix_and_key(self, template: dict[str, Any]) -> None:
        _, parameter = only(template, "AWS::SSM::Parameter")
        _, schedule = only(template, "AWS::Scheduler::Schedule")
        key = schedule["Target"]["SqsParameters"]["MessageGroupId"]
        reconciler = environment(template, "runtime.handlers.reconcile.handler")
        assert parameter["Name"] == f"{reconciler['GROUPS_PREFIX']}/{key}"
        assert len(key) <= 100
        assert key.replace("-", "").isalnum()

    def test_a_schedule_gives_the_same_hint_as_the_rule(self, template: dict[str, Any]) -> None:
        _, schedule = only(template, "AWS::Scheduler::Schedule")
        _, rule = rule_of(template)
        (target,) = rule["Targets"]
        key = schedule["Target"]["SqsParameters"]["MessageGroupId"]
        assert written(target["Arn"]).endswith(f"/POST/groups/{key}/events")
        assert json.loads(schedule["Target"]["Input"]) == {
            "source": "schedule",
            "id": "<aws.scheduler.execution-id>",
        }
        assert schedule["ScheduleExpression"] == "rate(5 minutes)"

    def test_environment_of_the_functions(self, template: dict[str, Any]) -> None:
        shared = {
            "DEPLOY_URL": "https://deploy.example.com:4516",
            "DEPLOY_CREDENTIALS": "deploy/credentials",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "POWERTOOLS_METRICS_NAMESPACE": "DeployedAutoScalingGroup",
        }
        prefix = "/deployed-auto-scaling-group/Stack-Hub-0FCC66A4"
        seeder = environment(template, "runtime.handlers.seed.handler")
        assert seeder == {
            **shared,
            "POWERTOOLS_SERVICE_NAME": "Stack-Hub-0FCC66A4-seeder",
            "RECORDS_PREFIX": f"{prefix}/records",
        }
        reconciler = environment(template, "runtime.handlers.reconcile.handler")
        assert {
            key: value for key, value in reconciler.items() if key not in {"QUEUE_URL", "LEDGER_TABLE"}
        } == {
            **shared,
            "POWERTOOLS_SERVICE_NAME": "Stack-Hub-0FCC66A4-reconciler",
            "GROUPS_PREFIX": f"{prefix}/groups",
        }


def test_tags_reach_group_instances_and_the_rest() -> None:
    stack = new_stack()
    group = DeployedAutoScalingGroup(
        stack, "Web", deploy=deploy_server(stack), bastion=BASTION, max_capacity=2
    )
    cdk.Tags.of(group).add("team", "shop")
    built = Template.from_stack(stack)
    built.has_resource_properties(
        "AWS::AutoScaling::AutoScalingGroup",
        {"Tags": Match.array_with([{"Key": "team", "Value": "shop", "PropagateAtLaunch": True}])},
    )
    for kind in ("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::EC2::Instance"):
        built.has_resource_properties(kind, {"Tags": Match.array_with([{"Key": "team", "Value": "shop"}])})


def test_nothing_refers_to_a_secrets_value(template: dict[str, Any]) -> None:
    assert "resolve:" not in json.dumps(template)
    assert set(referred(template["Resources"])) >= {"AWS::AccountId", "AWS::Region"}


def test_its_instance_type_may_be_known_at_deployment_only_beside_an_image() -> None:
    def build(stack: cdk.Stack, hub: DeployHub) -> None:
        DeployedAutoScalingGroup(
            stack,
            "Web",
            hub=hub,
            max_capacity=1,
            instance_type=ec2.InstanceType(cdk.Fn.import_value("Type")),
            machine_image=ec2.MachineImage.latest_amazon_linux2023(),
        )

    _, launch = only(template_with(build), "AWS::EC2::LaunchTemplate")
    assert launch["LaunchTemplateData"]["InstanceType"] == {"Fn::ImportValue": "Type"}
