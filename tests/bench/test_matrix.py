from __future__ import annotations

import pytest

from tests.bench.matrix import continued, measured, nothing, prepared


@pytest.mark.parametrize("applications", [1, 3])
def test_the_line_that_continues_the_baseline_is_what_would_be_measured(applications: int) -> None:
    small, large, far = (measured(prepared(applications), n, baseline=True) for n in (1, 10, 40))
    assert continued(small, large, step=9, instances=40, at=10) == far


def test_nothing_costs_what_the_design_allows() -> None:
    assert nothing() == {"unchanged": {"deploy": 3, "aws": 2}, "superseded": {"deploy": 0, "aws": 1}}
