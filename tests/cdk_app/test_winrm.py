"""Windows by WinRM and SMB: what the constructs write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk.assertions import Template

from cdk_app import DeployedAutoScalingGroup, DeployHub, DirectAccess, HostTemplate
from cdk_app.sandbox.deploy_server.types import Kind
from tests.cdk_app.cases import deploy_server, existing_vpc, new_stack
from tests.cdk_app.winrm import configuration, host, known, of_type, seeded, stored_password, template_of


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return template_of(HostTemplate.winrm())


def test_the_template_is_a_plain_host_since_the_plugins_is_for_ssh(template: dict[str, Any]) -> None:
    item, found = seeded(template), configuration(template)
    assert item["type"] == found.host_type == "overthere.SmbHost"
    assert [item["id"].replace("{group}", "web")] == list(found.templates)
    assert found.templates[0].endswith("/web-template-SmbHost")
    assert "otherwise" not in item
    assert item["properties"] == {
        "os": "WINDOWS",
        "connectionType": "WINRM_INTERNAL",
        "winrmEnableHttps": "true",
        "port": "5986",
        "smbPort": "445",
        "username": "Administrator",
        "address": "192.0.2.1",
    }
    assert item["secretProperties"] == {"password": {"secret": "windows/passwords", "field": "administrator"}}
    assert found.secrets.keys() == {"password"}


def test_deploy_is_let_in_to_winrm_and_smb_alone(template: dict[str, Any]) -> None:
    (group,) = (
        each
        for each in of_type(template, "AWS::EC2::SecurityGroup")
        if each["GroupDescription"] == "Instances that Deploy deploys to"
    )
    let_in = {
        (rule.get("CidrIp") or rule["CidrIpv6"], rule["FromPort"], rule["ToPort"], rule["IpProtocol"])
        for rule in group["SecurityGroupIngress"]
    }
    assert let_in == {
        (cidr, port, port, "tcp") for cidr in ("10.1.0.0/16", "2001:db8::/56") for port in (445, 5986)
    }


@pytest.mark.parametrize(
    ("host_template", "ports"),
    [
        (HostTemplate(), (22,)),
        (HostTemplate(properties={"port": 2222}), (2222,)),
        (HostTemplate.windows(), (22,)),
        (HostTemplate.winrm(), (5986, 445)),
        (HostTemplate.winrm(https=False), (5985, 445)),
        (HostTemplate(type="overthere.SmbHost", properties={"winrmEnableHttps": None}), (5985, 445)),
        (HostTemplate(type="overthere.SmbHost", properties={"port": 443, "smbPort": "4450"}), (443, 4450)),
    ],
)
def test_the_ports_are_those_of_the_type(host_template: HostTemplate, ports: tuple[int, ...]) -> None:
    assert host_template.ports == ports
    assert host_template.rendered()["port"] == str(ports[0])


def test_a_group_imported_by_name_opens_its_own_ports() -> None:
    stack = new_stack()
    hub = DeployHub(
        stack,
        "Hub",
        deploy=deploy_server(stack),
        bastion=DirectAccess(allowed_cidrs=["10.1.0.0/16"]),
        vpc=existing_vpc(stack),
    )
    DeployedAutoScalingGroup(
        stack,
        "Web",
        hub=hub,
        existing_group=autoscaling.AutoScalingGroup.from_auto_scaling_group_name(stack, "Own", "legacy"),
        host_template=HostTemplate.winrm(),
        login=stored_password(stack),
    )
    built = dict(Template.from_stack(stack).to_json())
    assert configuration(built).host_type == "overthere.SmbHost"
    assert "5986" not in json.dumps(list(of_type(built, "AWS::EC2::SecurityGroup")))


def test_a_host_has_properties_that_its_type_knows_in_their_kinds() -> None:
    ci = host(HostTemplate.winrm())
    assert ci.keys() - {"id", "type"} <= known().keys()
    assert (ci["port"], ci["smbPort"], ci["winrmEnableHttps"]) == (5986, 445, True)
    assert known()["port"].kind == Kind.INTEGER.value
    assert known()["password"].password
