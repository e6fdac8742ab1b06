"""CDK tests run in one process: its kernel takes seconds to start, a synthesis then takes a fraction of one."""

from __future__ import annotations

import os

# Before CDK is imported: the built-in validator dominates time and memory, and cfn-lint and cdk-nag check too.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")
