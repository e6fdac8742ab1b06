"""What the design allows in calls, on sizes that are measured in seconds, without added time."""

from __future__ import annotations

import pytest

from tests.bench.hints import hint_to_task, nothing
from tests.bench.matrix import BASELINE_SECONDS, by_baseline, by_reconciler, grown
from tests.bench.site import site


def test_a_burst_of_100_instances_takes_one_task_per_application_and_few_calls() -> None:
    with site(3) as place:
        cost = by_reconciler(place, 100)
    assert cost.tasks == 3
    assert cost.calls <= 40


def test_calls_grow_with_batches_only() -> None:
    costs = {}
    for instances in (10, 100, 250):
        with site(2) as place:
            costs[instances] = by_reconciler(place, instances)
    assert costs[100].endpoints == costs[10].endpoints
    assert grown(costs[10].endpoints, costs[250].endpoints, 250) == {}
    assert costs[250].endpoints["POST /repository/cis"] == 3


def test_calls_that_grow_with_instances_are_found() -> None:
    small = {"GET /repository/ci/{id}": 2, "POST /repository/cis": 1, "GET /repository/query": 3}
    large = {"GET /repository/ci/{id}": 12, "POST /repository/cis": 11, "GET /repository/query": 6}
    assert grown(small, large, 1000) == {"GET /repository/ci/{id}": 10, "POST /repository/cis": 1}


def test_hints_that_lead_to_nothing_cost_next_to_nothing() -> None:
    costs = nothing(instances=5, applications=3)
    assert costs["unchanged"]["deploy"] <= 4
    assert costs["unchanged"]["aws"] <= 2
    assert costs["superseded"]["deploy"] == 0


@pytest.mark.parametrize("applications", [1, 3])
def test_the_baseline_continued_is_the_baseline_measured(applications: int) -> None:
    with site(applications) as place:
        costs = by_baseline(place, (2, 12), BASELINE_SECONDS)
    continued = costs[2].continued(2, 12)
    assert (continued.calls, continued.tasks, continued.aws) == (
        costs[12].calls,
        costs[12].tasks,
        costs[12].aws,
    )


def test_the_baseline_stops_in_time_with_what_it_has_measured() -> None:
    with site(1) as place:
        costs = by_baseline(place, (1, 1000), seconds=0.5)
    assert 1 in costs
    assert max(costs) < 1000


def test_a_hint_leads_to_a_task_soon() -> None:
    assert 0 < hint_to_task(runs=3)["p50"] < 2
