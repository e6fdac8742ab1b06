"""Entry point of the CDK CLI: settings from the context, one stack, the checks of cdk-nag if asked for."""

from __future__ import annotations

import gc

# Nothing becomes garbage in the seconds of a synthesis; looking for it takes a tenth of them.
gc.disable()

import os  # noqa: E402 - what is imported is looked through as well

import aws_cdk as cdk  # noqa: E402

from cdk_app.config import Config  # noqa: E402
from cdk_app.stack import DeployedAutoScalingGroupStack  # noqa: E402

app = cdk.App()
config = Config.from_context(app.node)
# Only a look-up of an existing network needs to know where it is.
environment = (
    cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
    )
    if config.vpc_id
    else None
)
DeployedAutoScalingGroupStack(app, "DeployedAutoScalingGroup", config=config, env=environment)
if config.nag:
    # Imported only here, as it loads a library more. The tests check every case that they synthesize.
    from cdk_nag import AwsSolutionsChecks

    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
# The interpreter collects once more when it ends.
gc.freeze()
