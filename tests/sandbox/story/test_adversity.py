"""The packaged reconciler in the local cloud, while things go wrong around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.demo.checks import Checks
from cdk_app.sandbox.demo.mirror import Mirror
from cdk_app.sandbox.demo.person import Application, Person
from cdk_app.sandbox.demo.stack import StackView
from cdk_app.sandbox.demo.views import DeployView, Files, GroupView
from cdk_app.sandbox.deploy_server.testing import RequestFault, StepFault
from tests.sandbox.story.conftest import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_app.sandbox.running import RunningSandbox

pytestmark = pytest.mark.integration

SHOP_1 = Application("shop", "1.0", "one\n")
SHOP_2 = Application("shop", "2.0", "two\n")
SHOP_3 = Application("shop", "3.0", "three\n")
SLOW = "Execute shop-announce"


class Scene:
    """A group with one application and two instances."""

    def __init__(self, sandbox: RunningSandbox, assembly: Path) -> None:
        self.sandbox, self.cloud = sandbox, sandbox.cloud
        self.stack = StackView(sandbox.cloud, assembly)
        self.outputs = self.stack.outputs()
        self.person = Person(sandbox.deploy.url, sandbox.person.username, sandbox.person.password)
        self.group = GroupView(
            sandbox.cloud.client("autoscaling"), sandbox.cloud.client("ec2"), self.outputs["GroupName"]
        )
        directory = f"Infrastructure/aws/123456789012/us-east-1/{self.group.name}"
        files = Files(sandbox.directory / "machines")
        self.mirror = Mirror(self.group, DeployView(self.person), files, directory, ())
        self.checks = Checks(lambda _text: None)

    def is_mirrored(self, count: int, application: Application) -> None:
        """Hold when so many instances are in service, each with the application, and Deploy has just them."""
        self.mirror.settled(self.checks, count)
        self.mirror.deployed(self.checks, application)

    def running_task(self) -> bool:
        """Tell whether a task of Deploy is running."""
        tasks = self.person.client.http_client.get("/tasks/v2/current/all")
        return any(task["state"] == "EXECUTING" for task in tasks)

    def reconciler(self) -> str:
        """Return the name of the reconciler's function."""
        functions = self.cloud.client("lambda").list_functions()["Functions"]
        return next(f["FunctionName"] for f in functions if "HubReconcilerFunction" in f["FunctionName"])


@pytest.fixture(scope="module")
def scene(deployed: RunningSandbox, assembly: Path) -> Scene:
    scene = Scene(deployed, assembly)
    scene.person.upload(SHOP_1)
    scene.person.upload(SHOP_2)
    scene.person.upload(SHOP_3)
    scene.group.desire(2)
    scene.mirror.settled(scene.checks, 2)
    scene.person.finish(scene.person.start(SHOP_1, scene.mirror.environment))
    # For so long a run that is killed leaves its message hidden; the stack's own are 6 minutes.
    queues = deployed.cloud.client("sqs")
    queues.set_queue_attributes(QueueUrl=scene.outputs["QueueUrl"], Attributes={"VisibilityTimeout": "10"})
    return scene


@pytest.fixture(autouse=True)
def no_faults(deployed: RunningSandbox) -> Iterator[None]:
    yield
    deployed.deploy.faults.clear()


def test_deploy_is_away_for_a_while(scene: Scene) -> None:
    scene.sandbox.deploy.faults.add(RequestFault(kind="drop", path="/deployit/", times=5))
    scene.group.desire(3)
    scene.is_mirrored(3, SHOP_1)


def test_deploy_restarts_in_the_middle_of_a_task(scene: Scene) -> None:
    scene.sandbox.deploy.faults.add(StepFault(description=SLOW, delay=30, fails=False))
    scene.group.desire(4)
    assert eventually(scene.running_task)
    scene.sandbox.restart_deploy()
    scene.is_mirrored(4, SHOP_1)


def test_the_handler_is_killed_in_the_middle_of_a_task(scene: Scene) -> None:
    scene.sandbox.deploy.faults.add(StepFault(description=SLOW, delay=5, fails=False))
    scene.group.desire(5)
    assert eventually(scene.running_task)
    scene.cloud.kill_function(scene.reconciler())
    scene.is_mirrored(5, SHOP_1)
    journals = scene.mirror.files.read(f"/{SHOP_1.journal}")
    assert {journals[i] for i in scene.group.states()} == {"1.0\n"}, "the task was resumed, not repeated"


def test_a_burst_of_fifty_is_one_task(scene: Scene) -> None:
    before = scene.sandbox.deploy.journal.counts().get("POST /deployment", 0)
    scene.group.desire(50)
    scene.is_mirrored(50, SHOP_1)
    tasks = scene.sandbox.deploy.journal.counts()["POST /deployment"] - before
    assert tasks <= 3, "events of a burst that come in two looks make two tasks, and a third at the most"
    scene.group.desire(2)
    scene.is_mirrored(2, SHOP_1)


@contextmanager
def asking_for_spot(scene: Scene) -> Iterator[None]:
    """Let the group launch Spot Instances, then what its stack says again."""
    autoscaling, ec2 = scene.group.autoscaling, scene.group.ec2
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[scene.group.name])[
        "AutoScalingGroups"
    ]
    template, version = group["LaunchTemplate"]["LaunchTemplateId"], group["LaunchTemplate"]["Version"]

    def launch_by(number: str) -> None:
        autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=scene.group.name,
            LaunchTemplate={"LaunchTemplateId": template, "Version": number},
        )

    made = ec2.create_launch_template_version(
        LaunchTemplateId=template,
        SourceVersion=version,
        LaunchTemplateData={"InstanceMarketOptions": {"MarketType": "spot"}},
    )["LaunchTemplateVersion"]
    launch_by(str(made["VersionNumber"]))
    yield
    launch_by(version)


def test_a_spot_instance_is_undeployed_and_gone_before_ec2_takes_it_back(scene: Scene) -> None:
    before = set(scene.group.states())
    with asking_for_spot(scene):
        scene.group.desire(3)
        scene.is_mirrored(3, SHOP_1)
    (victim,) = set(scene.group.states()) - before

    scene.cloud.interrupt_spot_instance(victim)
    assert eventually(lambda: scene.mirror.host_name(victim) not in scene.mirror.hosts())
    assert scene.group.states()[victim] == "InService", "Auto Scaling has not noticed"
    assert victim not in scene.mirror.files.read(SHOP_1.path), "undeployed over SSH"
    assert scene.mirror.deploy.members(scene.mirror.environment) == sorted(
        map(scene.mirror.host_name, before)
    )

    scene.group.ec2.terminate_instances(InstanceIds=[victim])  # the two minutes are over
    assert eventually(lambda: victim not in scene.group.states())
    scene.is_mirrored(3, SHOP_1)
    scene.group.desire(2)
    scene.is_mirrored(2, SHOP_1)


def test_the_breaker_opens_keeps_the_instance_and_closes_with_a_new_version(
    scene: Scene, deployed: RunningSandbox
) -> None:
    scene.person.finish(scene.person.start(SHOP_2, scene.mirror.environment))
    deployed.deploy.faults.add(StepFault(description=SLOW, text="no space left on device", times=0))
    scene.group.desire(3)
    assert eventually(lambda: "breaker" in _log(scene), within=60)
    kept = [i for i, state in scene.group.states().items() if state == "Pending:Wait"]
    assert len(kept) == 1, "the instance waits for a person instead of being replaced"

    deployed.deploy.faults.clear()
    scene.person.finish(scene.person.start(SHOP_3, scene.mirror.environment))
    scene.cloud.run_schedule(scene.stack.schedule())
    scene.is_mirrored(3, SHOP_3)
    assert kept[0] in scene.group.states()


def _log(scene: Scene) -> str:
    """Return the words of the reconciler's log that tell of an open breaker, or nothing."""
    logs = scene.cloud.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        if "Reconciler" in group["logGroupName"]:
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]:
                if event["message"].startswith("{") and "BreakersOpen" in event["message"]:
                    line = json.loads(event["message"])
                    if line.get("metric") == "BreakersOpen":
                        return f"breaker: {line['reason']}"
    return ""
