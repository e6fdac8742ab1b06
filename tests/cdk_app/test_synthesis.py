"""What a synthesis asks of CDK's kernel. What it takes in time is a figure of `make bench`."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from jsii._kernel.providers.process import _NodeProcess

from tests.cdk_app.cases import CASES

APP = next(case for case in CASES if case.name == "app")


def test_a_synthesis_makes_few_calls_to_the_kernel() -> None:
    calls: Counter[str] = Counter()
    send = _NodeProcess.send

    def counted(self: _NodeProcess, request: object, response_type: type) -> object:
        calls[type(request).__name__] += 1
        return send(self, request, response_type)  # type: ignore[arg-type] # passed on

    with patch.object(_NodeProcess, "send", counted):
        APP.build(APP.flags).synth()
    # Each is a message to another process and its answer, checked for types on both sides.
    assert 100 < calls.total() <= 520, calls


def test_the_functions_of_a_hub_are_one_bundle() -> None:
    paths = [construct.node.path for construct in APP.build(APP.flags).node.find_all()]
    assert [path for path in paths if path.endswith("Function/Resource/Code/Stage")] == [
        "App/Hub/Reconciler/Function/Resource/Code/Stage"
    ]
