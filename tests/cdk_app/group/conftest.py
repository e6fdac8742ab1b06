from __future__ import annotations

from typing import Any

import pytest

from tests.cdk_app.group.built import template_with, web


@pytest.fixture(scope="package")
def template() -> dict[str, Any]:
    """Return what is built of one group in a network of the hub's own."""
    return template_with(web, vpc=False)
