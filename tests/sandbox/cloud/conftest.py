"""One local cloud for every test below; each test makes its own resources, under its own names."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest

from cdk_app.sandbox.cloud import Cloud

from .making import ROLE, Stack, make_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        assert make_role(running, "all", ["*"]) == ROLE
        yield running


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"test-{next(_numbers)}"


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Wait until a function returns something true, and return it; fail after half a minute."""

    def wait(condition: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the condition returns
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        return pytest.fail("the condition did not come true within half a minute")

    return wait


@pytest.fixture
def stack(cloud: Cloud, name: str, until: Callable[[Callable[[], Any]], Any]) -> Stack:
    """A stack that is still to be created."""
    return Stack(cloud, name, until)
