from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_app.sandbox.network.reachability import Outcome, from_instance, from_outside
from cdk_app.sandbox.network.records import Instance, RouteTable, Rule, SecurityGroup, Topology

OUTSIDE = "203.0.113.10"
ANYWHERE = ip_network("0.0.0.0/0")
EVERYTHING = Rule("-1", cidrs=frozenset({ANYWHERE}))
BASTION = Instance(
    "i-bastion",
    "running",
    vpc="vpc-1",
    subnet="public",
    address="10.20.0.5",
    private_names=frozenset({"10.20.0.5"}),
    public_names=frozenset({"198.51.100.7", "ec2-198-51-100-7.compute-1.amazonaws.com"}),
    security_groups=frozenset({"sg-bastion"}),
)
WEB = Instance(
    "i-web",
    "running",
    vpc="vpc-1",
    subnet="private",
    address="10.20.1.11",
    private_names=frozenset({"10.20.1.11", "ip-10-20-1-11.ec2.internal"}),
    security_groups=frozenset({"sg-web"}),
    group="web",
)
PUBLIC_ROUTES = RouteTable(
    "vpc-1",
    main=False,
    subnets=frozenset({"public"}),
    routes={ip_network("10.20.0.0/16"): "local", ANYWHERE: "igw-1"},
)
MAIN_ROUTES = RouteTable(
    "vpc-1", main=True, subnets=frozenset(), routes={ip_network("10.20.0.0/16"): "local", ANYWHERE: "nat-1"}
)


def ssh_from(*cidrs: str, group: str | None = None) -> SecurityGroup:
    rule = Rule("tcp", 22, 22, frozenset(map(ip_network, cidrs)), frozenset({group} if group else ()))
    return SecurityGroup((rule,), (EVERYTHING,))


TOPOLOGY = Topology(
    (BASTION, WEB),
    {"sg-bastion": ssh_from(f"{OUTSIDE}/32"), "sg-web": ssh_from(group="sg-bastion")},
    (PUBLIC_ROUTES, MAIN_ROUTES),
)


@pytest.mark.parametrize("host", ["198.51.100.7", "ec2-198-51-100-7.compute-1.amazonaws.com"])
def test_the_bastion_is_reached_by_its_public_names(host: str) -> None:
    verdict = from_outside(TOPOLOGY, OUTSIDE, host, 22)
    assert (verdict.outcome, verdict.instance) == (Outcome.CONNECTED, BASTION)


@pytest.mark.parametrize("host", ["10.20.1.11", "ip-10-20-1-11.ec2.internal", "10.20.1.99", "192.168.0.1"])
def test_private_addresses_have_no_route_from_outside(host: str) -> None:
    assert from_outside(TOPOLOGY, OUTSIDE, host, 22).outcome is Outcome.UNREACHABLE


def test_an_address_that_nobody_has_is_silent() -> None:
    assert from_outside(TOPOLOGY, OUTSIDE, "198.51.100.8", 22).outcome is Outcome.SILENCE
    assert from_instance(TOPOLOGY, BASTION, "10.20.1.99", 22).outcome is Outcome.SILENCE


def test_another_source_than_the_security_group_names_is_silent() -> None:
    assert from_outside(TOPOLOGY, "203.0.113.11", "198.51.100.7", 22).outcome is Outcome.SILENCE


def test_a_port_that_no_rule_opens_is_silent_and_an_open_one_without_a_server_refuses() -> None:
    assert from_outside(TOPOLOGY, OUTSIDE, "198.51.100.7", 443).outcome is Outcome.SILENCE
    opened = replace(TOPOLOGY, security_groups={"sg-bastion": SecurityGroup((EVERYTHING,), (EVERYTHING,))})
    assert from_outside(opened, OUTSIDE, "198.51.100.7", 443).outcome is Outcome.REFUSED


def test_a_subnet_without_internet_gateway_is_silent_whatever_the_security_group_says() -> None:
    exposed = replace(WEB, public_names=frozenset({"198.51.100.9"}), security_groups=frozenset({"sg-open"}))
    topology = replace(
        TOPOLOGY,
        instances=(exposed,),
        security_groups={"sg-open": SecurityGroup((EVERYTHING,), (EVERYTHING,))},
    )
    assert from_outside(topology, OUTSIDE, "198.51.100.9", 22).outcome is Outcome.SILENCE
    public = replace(topology, instances=(replace(exposed, subnet="public"),))
    assert from_outside(public, OUTSIDE, "198.51.100.9", 22).outcome is Outcome.CONNECTED


def test_the_most_specific_route_wins() -> None:
    to_nat = replace(PUBLIC_ROUTES, routes={**PUBLIC_ROUTES.routes, ip_network("203.0.113.0/24"): "nat-1"})
    topology = replace(TOPOLOGY, route_tables=(to_nat, MAIN_ROUTES))
    assert from_outside(topology, OUTSIDE, "198.51.100.7", 22).outcome is Outcome.SILENCE


def test_the_bastion_reaches_what_its_security_group_is_admitted_to() -> None:
    for host in WEB.private_names:
        assert from_instance(TOPOLOGY, BASTION, host, 22).outcome is Outcome.CONNECTED


def test_membership_in_the_group_admits_not_the_address() -> None:
    stranger = replace(BASTION, id="i-stranger", security_groups=frozenset({"sg-other"}))
    topology = replace(TOPOLOGY, security_groups={**TOPOLOGY.security_groups, "sg-other": ssh_from()})
    assert from_instance(topology, stranger, WEB.address, 22).outcome is Outcome.SILENCE


def test_egress_of_the_source_is_judged_too() -> None:
    closed = SecurityGroup(TOPOLOGY.security_groups["sg-bastion"].ingress, ())
    topology = replace(TOPOLOGY, security_groups={**TOPOLOGY.security_groups, "sg-bastion": closed})
    verdict = from_instance(topology, BASTION, WEB.address, 22)
    assert verdict.outcome is Outcome.SILENCE
    assert "lets it out" in verdict.reason
    narrow = SecurityGroup(closed.ingress, (Rule("tcp", 22, 22, groups=frozenset({"sg-web"})),))
    topology = replace(TOPOLOGY, security_groups={**TOPOLOGY.security_groups, "sg-bastion": narrow})
    assert from_instance(topology, BASTION, WEB.address, 22).outcome is Outcome.CONNECTED


def test_another_vpc_with_the_same_addresses_is_not_reached() -> None:
    elsewhere = replace(WEB, vpc="vpc-2")
    topology = replace(TOPOLOGY, instances=(BASTION, elsewhere))
    assert from_instance(topology, BASTION, WEB.address, 22).outcome is Outcome.SILENCE


@pytest.mark.parametrize("state", ["pending", "shutting-down", "terminated", "stopping", "stopped"])
def test_only_a_running_machine_answers(state: str) -> None:
    topology = replace(TOPOLOGY, instances=(replace(BASTION, state=state), replace(WEB, state=state)))
    assert from_outside(topology, OUTSIDE, "198.51.100.7", 22).outcome is Outcome.SILENCE
    assert from_instance(topology, BASTION, WEB.address, 22).outcome is Outcome.SILENCE


def test_an_address_in_use_again_means_the_new_machine() -> None:
    topology = replace(
        TOPOLOGY, instances=(replace(WEB, state="terminated"), BASTION, replace(WEB, id="i-new"))
    )
    verdict = from_instance(topology, BASTION, WEB.address, 22)
    assert verdict.instance is not None
    assert verdict.instance.id == "i-new"


cidrs = st.builds(
    lambda network, prefix: ip_network((network, prefix), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
rules = st.builds(
    Rule,
    protocol=st.sampled_from(["tcp", "udp", "icmp", "-1"]),
    first_port=st.sampled_from([None, 0, 21, 22, 23]),
    last_port=st.sampled_from([None, 21, 22, 23, 65535]),
    cidrs=st.frozensets(cidrs, max_size=2),
    groups=st.frozensets(st.sampled_from(["sg-bastion", "sg-web", "sg-x"]), max_size=2),
)


@given(before=st.lists(rules, max_size=4), more=st.lists(rules, max_size=3))
def test_further_rules_never_close_what_was_open(before: list[Rule], more: list[Rule]) -> None:
    def outcome(ingress: list[Rule]) -> Outcome:
        groups = {**TOPOLOGY.security_groups, "sg-web": SecurityGroup(tuple(ingress), ())}
        return from_instance(replace(TOPOLOGY, security_groups=groups), BASTION, WEB.address, 22).outcome

    if outcome(before) is Outcome.CONNECTED:
        assert outcome(before + more) is Outcome.CONNECTED
