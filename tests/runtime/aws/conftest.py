from __future__ import annotations

import pytest

from tests.runtime.aws.stubs import Aws


@pytest.fixture
def aws() -> Aws:
    return Aws()
