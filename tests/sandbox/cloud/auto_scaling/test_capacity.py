from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cdk_app.sandbox.cloud.auto_scaling.capacity import in_capacity, next_subnet, victims
from cdk_app.sandbox.cloud.auto_scaling.model import Group, Member, State, Subnet, Template

SUBNETS = (Subnet("subnet-a1", "a"), Subnet("subnet-a2", "a"), Subnet("subnet-b1", "b"))


def group(desired: int, policy: str = "Default") -> Group:
    return Group("web", "arn", 0, 100, desired, SUBNETS, policies=(policy,))


def member(
    number: int,
    subnet: Subnet = SUBNETS[0],
    version: int = 1,
    state: State = State.IN_SERVICE,
    *,
    protected: bool = False,
) -> Member:
    template = Template("lt-1", "web", str(version))
    return Member(
        f"i-{number}", subnet, "t4g.small", template, number, "activity", state=state, protected=protected
    )


members = st.lists(
    st.builds(
        member,
        st.integers(0, 10_000),
        st.sampled_from(SUBNETS),
        st.integers(1, 3),
        st.sampled_from(list(State)),
        protected=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda m: m.instance_id,
)


def test_launches_alternate_between_zones_and_between_the_subnets_of_a_zone() -> None:
    present: list[Member] = []
    for number in range(6):
        present.append(member(number, next_subnet(SUBNETS, present)))
    assert [m.subnet.id for m in present] == [
        "subnet-a1",
        "subnet-b1",
        "subnet-a2",
        "subnet-b1",
        "subnet-a1",
        "subnet-b1",
    ]


def test_the_fullest_zone_gives_up_its_oldest_template_version_first() -> None:
    present = [
        member(1, SUBNETS[2], version=1),
        member(2, SUBNETS[0], version=2),
        member(3, SUBNETS[1], version=1),
        member(4, SUBNETS[0], version=2),
    ]
    assert [m.instance_id for m in victims(group(1), present)] == ["i-3", "i-2", "i-1"]


def test_the_newest_instance_goes_first_if_the_policy_says_so() -> None:
    present = [member(number) for number in (5, 9, 7)]
    assert [m.instance_id for m in victims(group(1, "NewestInstance"), present)] == ["i-9", "i-7"]


def test_protected_instances_stay_even_if_the_group_keeps_too_many() -> None:
    present = [member(1, protected=True), member(2), member(3, protected=True)]
    assert [m.instance_id for m in victims(group(0), present)] == ["i-2"]


@given(members, st.integers(0, 12))
def test_victims_count_towards_capacity_and_are_unprotected(present: list[Member], desired: int) -> None:
    chosen = victims(group(desired), present)
    counted = in_capacity(present)
    unprotected = [m for m in counted if not m.protected]
    assert len(chosen) == min(max(len(counted) - desired, 0), len(unprotected))
    assert all(m in unprotected for m in chosen)
    assert len(set(chosen)) == len(chosen)


@given(st.integers(0, 30), st.data())
def test_zones_stay_balanced_while_a_group_shrinks(count: int, data: st.DataObject) -> None:
    present: list[Member] = []
    for number in range(count):
        present.append(member(number, next_subnet(SUBNETS, present)))
    desired = data.draw(st.integers(0, count))
    gone = victims(group(desired), present)
    zones = Counter({"a": 0, "b": 0}) + Counter(m.subnet.zone for m in present if m not in gone)
    assert abs(zones["a"] - zones["b"]) <= 1
