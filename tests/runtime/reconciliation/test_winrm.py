"""A group whose hosts are of another type than SSH's: Windows by WinRM and SMB."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.reconciliation.config import GroupConfig, SecretSource, parse
from runtime.reconciliation.errors import Fatal
from runtime.reconciliation.reconciler import Outcome
from tests.runtime.twins.world import INFRASTRUCTURE, World, config

TEMPLATE = f"{INFRASTRUCTURE}-template-SmbHost"
PASSWORD = SecretSource(secret="windows/passwords", field="administrator")


def windows(world: World) -> GroupConfig:
    """Put the template of WinRM hosts there, and return what the stack says of such a group."""
    world.twin.put(
        TEMPLATE,
        "overthere.SmbHost",
        os="WINDOWS",
        connectionType="WINRM_INTERNAL",
        address="192.0.2.1",
        port=5986,
        smbPort=445,
        winrmEnableHttps=True,
        username="Administrator",
    )
    return config(
        templates=(TEMPLATE,), host_type="overthere.SmbHost", jumpstation=None, secrets={"password": PASSWORD}
    )


def test_hosts_are_of_the_type_that_the_stack_says() -> None:
    world = World()
    world.config = windows(world)
    world.group.scale(1)
    assert world.reconcile() is Outcome.CHANGED
    (instance_id,) = world.group.instances
    host = world.twin.items[world.config.host_id(instance_id)]
    del host["$token"]
    assert host == {
        "id": f"{INFRASTRUCTURE}/web-{instance_id}",
        "type": "overthere.SmbHost",
        "os": "WINDOWS",
        "connectionType": "WINRM_INTERNAL",
        "address": "10.0.0.1",
        "port": 5986,
        "smbPort": 445,
        "winrmEnableHttps": True,
        "username": "Administrator",
        "password": "value of windows/passwords",
    }
    assert world.joined() == {instance_id}
    assert world.reconcile() is Outcome.UNCHANGED

    world.group.scale(0)
    world.reconcile()
    assert world.hosts() == set()


def test_a_group_that_becomes_windows_keeps_its_linux_hosts_until_they_leave() -> None:
    world = World()
    world.group.scale(2)
    world.reconcile()
    linux = set(world.group.instances)
    world.config = windows(world)
    world.group.scale(3)
    assert world.reconcile() is Outcome.CHANGED
    kinds = {i: world.twin.items[world.config.host_id(i)]["type"] for i in world.hosts()}
    assert {i for i, kind in kinds.items() if kind == "overthere.SshHost"} == linux
    assert world.joined() == world.hosts() == set(world.group.instances)
    assert world.reconcile() is Outcome.UNCHANGED

    world.group.scale(0)
    world.reconcile()
    assert world.hosts() == set()


def test_a_server_without_the_type_is_named() -> None:
    world = World()
    world.config = replace(windows(world), host_type="overthere.NewHost")
    world.group.scale(1)
    with pytest.raises(
        Fatal, match=r"does not have the type overthere\.NewHost: install its remoting plugin"
    ):
        world.reconcile()


def test_the_parameter_names_the_type() -> None:
    text = (
        '{"autoScalingGroup": "web", "environment": "e", "infrastructure": "i", "templates": ["t"], '
        '"hostType": "overthere.SmbHost"}'
    )
    assert parse("web", text).host_type == "overthere.SmbHost"
    assert parse("web", text.replace("hostType", "other")).host_type == "overthere.SshHost"
