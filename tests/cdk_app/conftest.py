"""CDK tests run in one process: its kernel takes seconds to start, a synthesis then a fraction of one."""

from __future__ import annotations

import os

# Before CDK is imported: its own validator dominates time and memory; cfn-lint and cdk-nag check as well.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
