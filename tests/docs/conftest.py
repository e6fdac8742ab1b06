"""As for the constructs' tests: settings that must be there before CDK is imported."""

from __future__ import annotations

import tests.cdk_app.conftest  # noqa: F401 - for what it sets
