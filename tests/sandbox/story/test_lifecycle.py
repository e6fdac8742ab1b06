"""What updates of a stack do to groups with running instances, deployed for real."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cdk_app.sandbox.demo.checks import Checks
from cdk_app.sandbox.demo.mirror import Mirror
from cdk_app.sandbox.demo.person import Application, Person
from cdk_app.sandbox.demo.views import DeployView, Files, GroupView
from cdk_app.sandbox.running import DEPLOY_SECRET, RunningSandbox
from tests.sandbox.story.conftest import PROJECT
from tests.sandbox.story.two_groups import STACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.integration

REGION = "Infrastructure/aws/123456789012/us-east-1"
SITE, BATCH = Application("site", "1.0", "site\n"), Application("batch", "1.0", "batch\n")
APPLICATIONS = {"web": SITE, "jobs": BATCH, "shop": SITE}


class Stack:
    """The stack in its versions, and each group with its mirror in Deploy."""

    def __init__(self, sandbox: RunningSandbox, assemblies: Path) -> None:
        self.sandbox, self.cloud, self.assemblies = sandbox, sandbox.cloud, assemblies
        self.person = Person(sandbox.deploy.url, sandbox.person.username, sandbox.person.password)
        self.view = DeployView(self.person)
        self.checks = Checks(lambda _text: None)

    def deploy(self, version: str) -> Mapping[str, str]:
        """Deploy a version; return the stack's outputs."""
        app = ("--app", str(self.assemblies / version))
        self.sandbox.cdk.run("deploy", STACK, *app, "--require-approval", "never", "--method", "direct")
        (stack,) = self.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def exists(self) -> bool:
        """Tell whether the stack is there."""
        stacks = self.cloud.client("cloudformation").list_stacks()["StackSummaries"]
        return any(s["StackName"] == STACK and s["StackStatus"] != "DELETE_COMPLETE" for s in stacks)

    def destroy(self) -> None:
        """Destroy the stack, whichever version it has."""
        self.sandbox.cdk.run("destroy", STACK, "--app", str(self.assemblies / "renamed"), "--force")

    def mirror(self, name: str) -> Mirror:
        """Return a group and its mirror in Deploy."""
        group = GroupView(self.cloud.client("autoscaling"), self.cloud.client("ec2"), name)
        return Mirror(group, self.view, Files(self.sandbox.directory / "machines"), f"{REGION}/{name}", ())

    def is_mirrored(self, name: str, count: int) -> None:
        """Hold when so many instances of a group are in service with the application."""
        mirror = self.mirror(name)
        mirror.settled(self.checks, count)
        mirror.deployed(self.checks, APPLICATIONS[name])

    def release(self, name: str) -> None:
        """Deploy a group's application to its environment, as a person does."""
        self.person.finish(self.person.start(APPLICATIONS[name], f"Environments/{name}"))

    def is_gone(self, name: str, instances: set[str]) -> None:
        """Hold when nothing is left of a group: undeployed while its instances lived, then removed."""
        assert not self.mirror(name).group.states()
        files = self.mirror(name).files.read(APPLICATIONS[name].path)
        assert not instances & files.keys(), "undeployed, not just removed"
        left = self.view.everything()
        assert not {ci for ci in left if ci.startswith((f"{REGION}/{name}", f"Environments/{name}"))}
        assert not any(i in ci for ci in left for i in instances)
        assert not self.cloud.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[name]
        )["AutoScalingGroups"]


@pytest.fixture(scope="module")
def stack(sandbox: RunningSandbox) -> Iterator[Stack]:
    assemblies = sandbox.directory / "versions"
    subprocess.run(  # noqa: S603 - our own command line
        [
            *(sys.executable, "-m", "tests.sandbox.story.two_groups"),
            *(str(assemblies), sandbox.deploy.url, DEPLOY_SECRET),
        ],
        cwd=PROJECT,
        check=True,
    )
    made = Stack(sandbox, assemblies)
    yield made
    if made.exists():
        made.destroy()


def test_two_groups_then_one_then_another_name_and_address(stack: Stack) -> None:
    before = stack.view.everything()
    outputs = stack.deploy("both")
    assert {value for key, value in outputs.items() if "Remarks" in key} == {"none"}
    stack.person.upload(SITE)
    stack.person.upload(BATCH)
    for name in ("web", "jobs"):
        stack.mirror(name).group.desire(1)
    for name in ("web", "jobs"):
        stack.mirror(name).settled(stack.checks, 1)
        stack.release(name)
        stack.is_mirrored(name, 1)
    web, jobs = (set(stack.mirror(name).group.states()) for name in ("web", "jobs"))

    # An update takes one group away, and replaces the bastion.
    updated = stack.deploy("one")
    stack.is_gone("jobs", jobs)
    assert set(stack.mirror("web").group.states()) == web, "the other group is not touched"
    assert {stack.mirror("web").files.read(f"/{SITE.journal}")[i] for i in web} == {"1.0\n"}
    assert updated["Bastion"] != outputs["Bastion"]
    assert updated["BastionAddress"] == outputs["BastionAddress"], "the address outlives the instance"
    assert stack.view.read(outputs["Jumpstation"])["address"] == outputs["BastionAddress"]
    stack.mirror("web").group.desire(2)
    stack.is_mirrored("web", 2)
    web = set(stack.mirror("web").group.states())

    # Another name is another group; and this time the bastion has another address.
    renamed = stack.deploy("renamed")
    stack.is_gone("web", web)
    assert renamed["BastionAddress"] != outputs["BastionAddress"]
    assert stack.view.read(outputs["Jumpstation"])["address"] == renamed["BastionAddress"]
    stack.mirror("shop").group.desire(1)
    stack.mirror("shop").settled(stack.checks, 1)
    stack.release("shop")
    stack.is_mirrored("shop", 1)
    shop = set(stack.mirror("shop").group.states())

    stack.destroy()
    stack.is_gone("shop", shop)
    assert not stack.exists()
    assert stack.view.everything() == before
