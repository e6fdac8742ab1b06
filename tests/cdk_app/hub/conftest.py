"""One template for all that look at a hub of defaults."""

from __future__ import annotations

import pytest
from aws_cdk.assertions import Template

from tests.cdk_app.cases import new_stack
from tests.cdk_app.hub.built import hub_in


@pytest.fixture(scope="package")
def template() -> Template:
    stack = new_stack()
    hub_in(stack)
    return Template.from_stack(stack)
