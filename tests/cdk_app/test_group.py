from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from cdk_app import CredentialsItem, DeployedAutoScalingGroup, DeployHub, HostTemplate, KeyFile
from cdk_app.bundling import PYTHON_VERSION
from tests.cdk_app.cases import BASTION, ENVIRONMENT, deploy_server, existing_vpc, new_app, new_stack
from tests.cdk_app.references import needs, referred, written


def template_with(build: Callable[[cdk.Stack, DeployHub], object], *, vpc: bool = True) -> dict[str, Any]:
    stack = new_stack()
    network = existing_vpc(stack) if vpc else None
    hub = DeployHub(stack, "Hub", deploy=deploy_server(stack), bastion=BASTION, vpc=network)
    build(stack, hub)
    return dict(Template.from_stack(stack).to_json())


def only(template: dict[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    ((name, resource),) = (
        (name, resource) for name, resource in template["Resources"].items() if resource["Type"] == kind
    )
    return name, resource["Properties"]


def rule_of(template: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the rule of the one group; the other one is the hub's."""
    ((name, resource),) = (
        (name, resource)
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Events::Rule" and "detail" in resource["Properties"]["EventPattern"]
    )
    return name, resource["Properties"]


def web(stack: cdk.Stack, hub: DeployHub) -> DeployedAutoScalingGroup:
    return DeployedAutoScalingGroup(stack, "Web", hub=hub, group_name="web", max_capacity=4)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return template_with(web, vpc=False)


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


def settings(template: dict[str, Any]) -> dict[str, Any]:
    _, parameter = only(template, "AWS::SSM::Parameter")
    parsed: dict[str, Any] = json.loads(written(parameter["Value"]))
    return parsed


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


def environment(template: dict[str, Any], handler: str) -> dict[str, Any]:
    (function,) = (
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"]["Handler"] == handler
    )
    assert function["Runtime"] == f"python{PYTHON_VERSION}"
    assert function["Architectures"] == ["arm64"]
    variables: dict[str, Any] = written(function["Environment"]["Variables"])
    return variables


class TestLife:
    def test_the_group_comes_last_and_goes_first(self, template: dict[str, Any]) -> None:
        """Its last terminations are told, reconciled and undeployed while it is being deleted."""
        name, _ = only(template, "AWS::AutoScaling::AutoScalingGroup")
        needed = needs(template, name)
        kinds = {template["Resources"][each]["Type"] for each in needed}
        assert kinds >= {
            "AWS::ApiGateway::Method",
            "AWS::ApiGateway::Stage",
            "AWS::DynamoDB::Table",
            "AWS::EC2::EIP",
            "AWS::EC2::Instance",
            "AWS::EC2::NatGateway",
            "AWS::EC2::Route",
            "AWS::Events::Rule",
            "AWS::Lambda::EventSourceMapping",
            "AWS::Lambda::Function",
            "AWS::SQS::Queue",
            "AWS::SQS::QueuePolicy",
            "AWS::SSM::Parameter",
            "AWS::Scheduler::Schedule",
            "Custom::DeploySeed",
        }
        policies = {
            each for each, resource in template["Resources"].items() if resource["Type"] == "AWS::IAM::Policy"
        }
        assert policies <= needed
        assert not [each for each in needed if name in needs(template, each)]

    def test_what_the_group_seeded_goes_before_what_it_shares(self, template: dict[str, Any]) -> None:
        seeds = {
            resource["Properties"]["Name"]: name
            for name, resource in template["Resources"].items()
            if resource["Type"] == "Custom::DeploySeed"
        }
        of_hub = seeds.pop("hub")
        (of_group,) = seeds.values()
        assert of_hub in needs(template, of_group)

    def test_a_hub_that_loses_a_group_changes_nothing_of_itself(self) -> None:
        def both(stack: cdk.Stack, hub: DeployHub) -> None:
            web(stack, hub)
            DeployedAutoScalingGroup(stack, "Batch", hub=hub, group_name="batch", max_capacity=2)

        one, two = template_with(web)["Resources"], template_with(both)["Resources"]
        assert {name: two[name] for name in one} == one
        lost = two.keys() - one.keys()
        assert all(name.startswith("Batch") for name in lost)

    def test_another_name_replaces_all_of_the_group_and_nothing_of_the_hub(self) -> None:
        def renamed(stack: cdk.Stack, hub: DeployHub) -> None:
            DeployedAutoScalingGroup(stack, "Web", hub=hub, group_name="shop", max_capacity=4)

        before, after = template_with(web)["Resources"], template_with(renamed)["Resources"]
        same = before.keys() & after.keys()
        assert all(name.startswith("Hub") for name in same)
        assert all(name.startswith("Web") for name in before.keys() ^ after.keys())
        assert {name: before[name] for name in same} == {name: after[name] for name in same}

    def test_groups_may_live_in_other_stacks_which_the_hub_does_not_know(self) -> None:
        app = new_app()
        shared, other = (cdk.Stack(app, name, env=ENVIRONMENT) for name in ("Shared", "Other"))
        hub = DeployHub(shared, "Hub", deploy=deploy_server(shared), bastion=BASTION)
        DeployedAutoScalingGroup(other, "Web", hub=hub, max_capacity=4)
        dependencies = {
            stack.stack_name: {each.id for each in stack.dependencies} for stack in app.synth().stacks
        }
        assert "Shared" in dependencies["Other"]
        assert "Other" not in dependencies["Shared"]


@pytest.fixture(scope="module")
def by_object() -> dict[str, Any]:
    def build(stack: cdk.Stack, hub: DeployHub) -> None:
        group = autoscaling.AutoScalingGroup(
            stack,
            "Own",
            vpc=hub.vpc,
            launch_template=ec2.LaunchTemplate(
                stack,
                "Launch",
                instance_type=ec2.InstanceType("t4g.small"),
                machine_image=ec2.MachineImage.latest_amazon_linux2023(),
                security_group=ec2.SecurityGroup(stack, "OwnSecurityGroup", vpc=hub.vpc),
            ),
        )
        DeployedAutoScalingGroup(stack, "Web", hub=hub, existing_group=group)

    return template_with(build)


class TestExistingGroup:
    def test_gets_hooks_of_its_own(self, by_object: dict[str, Any]) -> None:
        hooks = {
            resource["Properties"]["LifecycleHookName"]: name
            for name, resource in by_object["Resources"].items()
            if resource["Type"] == "AWS::AutoScaling::LifecycleHook"
        }
        assert hooks.keys() == {"deploy", "undeploy"}
        rule, _ = rule_of(by_object)
        assert all(rule in needs(by_object, name) for name in hooks.values())

    def test_lets_the_bastion_in(self, by_object: dict[str, Any]) -> None:
        _, rule = only(by_object, "AWS::EC2::SecurityGroupIngress")
        assert "OwnSecurityGroup" in rule["GroupId"]["Fn::GetAtt"][0]

    def test_is_known_by_its_generated_name(self, by_object: dict[str, Any]) -> None:
        name, _ = only(by_object, "AWS::AutoScaling::AutoScalingGroup")
        assert settings(by_object)["autoScalingGroup"] == f"<{name}>"
        _, rule = rule_of(by_object)
        assert rule["EventPattern"]["detail"] == {"AutoScalingGroupName": [{"Ref": name}]}


@pytest.fixture(scope="module")
def granted() -> list[dict[str, Any]]:
    def build(stack: cdk.Stack, hub: DeployHub) -> None:
        group = web(stack, hub)
        role = iam.Role(stack, "Pipeline", assumed_by=iam.AccountRootPrincipal())
        group.grant_reconcile(role)
        group.grant_scale(role)

    built = template_with(build)
    (policy,) = (
        resource["Properties"]["PolicyDocument"]["Statement"]
        for name, resource in built["Resources"].items()
        if name.startswith("PipelineDefaultPolicy")
    )
    statements: list[dict[str, Any]] = written(policy)
    return statements


class TestGrants:
    def test_reconcile_is_this_groups_path_of_the_api(self, granted: list[dict[str, Any]]) -> None:
        statement = granted[0]
        assert statement["Action"] == "execute-api:Invoke"
        assert statement["Resource"].endswith("/POST/groups/Stack-Web-web-B767E6B4/reconcile")

    def test_scale_is_this_groups_capacity(self, granted: list[dict[str, Any]]) -> None:
        statement = granted[1]
        assert statement["Action"] == "autoscaling:SetDesiredCapacity"
        assert statement["Resource"].endswith(":autoScalingGroup:*:autoScalingGroupName/web")


class TestItems:
    """What is created in Deploy."""

    def seeded(self, template: dict[str, Any]) -> list[dict[str, Any]]:
        (items,) = (
            written(resource["Properties"]["Items"])
            for resource in template["Resources"].values()
            if resource["Type"] == "Custom::DeploySeed" and resource["Properties"]["Name"] != "hub"
        )
        result: list[dict[str, Any]] = items
        return result

    def test_environment_directory_and_template(self, template: dict[str, Any]) -> None:
        items = self.seeded(template)
        assert [(item["id"].rpartition("/")[0].partition("/")[0], item["type"]) for item in items] == [
            ("Environments", "udm.Environment"),
            ("Infrastructure", "core.Directory"),
            ("Configuration", "aws.asg.ec2SshHostTemplate"),
        ]

    def test_a_server_without_the_plugin_gets_a_plain_host_that_nothing_answers_for(
        self, template: dict[str, Any]
    ) -> None:
        *_, preferred = self.seeded(template)
        plain = preferred["otherwise"]
        assert plain["type"] == "overthere.SshHost"
        assert plain["properties"] == {
            "os": "UNIX",
            "connectionType": "SFTP",
            "port": "22",
            "username": "ec2-user",
            "address": "192.0.2.1",
            "jumpstation": settings(template)["jumpstation"],
        }
        assert plain["secretProperties"] == settings(template)["secretProperties"]

    def test_a_credentials_item_replaces_user_and_key(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack,
                "Web",
                hub=hub,
                max_capacity=4,
                login=CredentialsItem(ci_id="Configuration/operations"),
            )
        )
        *_, item = self.seeded(built)
        assert item["properties"]["credentials"] == "Configuration/operations"
        assert "username" not in item["properties"]
        assert "secretProperties" not in item
        assert settings(built)["secretProperties"] == {}
        assert "KeyName" not in only(built, "AWS::EC2::LaunchTemplate")[1]["LaunchTemplateData"]

    def test_a_key_file_on_the_server_is_a_path_and_no_secret(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack, "Web", hub=hub, max_capacity=4, login=KeyFile(path="/opt/deploy/web.pem")
            )
        )
        *_, item = self.seeded(built)
        assert item["properties"]["privateKeyFile"] == "/opt/deploy/web.pem"
        assert "secretProperties" not in item
        launch = only(built, "AWS::EC2::LaunchTemplate")[1]["LaunchTemplateData"]
        assert launch["KeyName"]["Ref"].startswith("HubKeyPair")

    @pytest.mark.parametrize("kind", ["private-ipv4", "private-dns"])
    def test_hosts_are_addressed_as_the_template_says(
        self, kind: Literal["private-ipv4", "private-dns"]
    ) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack, "Web", hub=hub, max_capacity=4, host_template=HostTemplate(address=kind)
            )
        )
        assert settings(built).get("address", "private-ipv4") == kind

    def test_sudo_and_order(self) -> None:
        built = template_with(
            lambda stack, hub: DeployedAutoScalingGroup(
                stack,
                "Web",
                hub=hub,
                max_capacity=4,
                host_template=HostTemplate.sudo("root"),
                application_order=["database", "shop"],
            )
        )
        *_, item = self.seeded(built)
        assert item["properties"]["connectionType"] == "SUDO"
        assert item["properties"]["sudoUsername"] == "root"
        assert settings(built)["order"] == ["database", "shop"]


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
