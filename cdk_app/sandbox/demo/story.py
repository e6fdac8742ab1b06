"""The story that every run tells, step by step, each with its checks."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from cdk_app.sandbox.demo.leaks import find_leaks
from cdk_app.sandbox.demo.login import Login
from cdk_app.sandbox.demo.mirror import Mirror
from cdk_app.sandbox.demo.person import Application, Person
from cdk_app.sandbox.demo.stack import ACCOUNT, REGION, StackView
from cdk_app.sandbox.demo.views import DeployView, Files, GroupView
from cdk_app.sandbox.running import STACK

if TYPE_CHECKING:
    from cdk_app.sandbox.demo.checks import Checks
    from cdk_app.sandbox.demo.step import Step
    from cdk_app.sandbox.running import RunningSandbox

DIRECTORY = f"Infrastructure/aws/{ACCOUNT}/{REGION}"
PERSONS_DIRECTORY = "Infrastructure/team"
PERSONS_HOST = f"{PERSONS_DIRECTORY}/build-server"

SHOP_1 = Application("shop", "1.0", "shop, first release\n")
SHOP_2 = Application("shop", "2.0", "shop, second release\n")
STOCK_1 = Application("stock", "1.0", "stock, first release\n")
_MANY = 1000

_LOST_EVENTS = "An instance dies, its events are lost: the schedule heals"


class Story:
    """The story of one group, from an empty account to an empty account.

    Parameters
    ----------
    sandbox
        The running sandbox; the story starts it from nothing and leaves nothing behind.
    """

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._sandbox = sandbox
        self._person = Person(sandbox.deploy.url, sandbox.person.username, sandbox.person.password)
        self._deploy = DeployView(self._person)
        self._assembly = sandbox.directory / "cdk.out"
        self._app = ("--app", str(self._assembly))
        self._stack = StackView(sandbox.cloud, self._assembly)
        self._before = self._deploy.everything()
        self._output: list[str] = []
        login = sandbox.controller.secret["authorization"].removeprefix("Basic ")
        self._secrets = [sandbox.person.password, sandbox.controller.password, login]

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """Titles and functions of the steps, in order."""
        steps = (
            ("The app is deployed at capacity 0", self.deploy_stack),
            ("Deploy is seeded", self.look_at_seed),
            ("Desired 2: two hosts appear", self.scale_to_two),
            ("A person deploys an application", self.deploy_application),
            ("Desired 5: only the new hosts get steps", self.scale_to_five),
            ("A second application, and a release during a scale-out", self.release_meanwhile),
            ("Desired 1: five hosts are undeployed and gone", self.scale_in),
            ("0 and back to 2: the applications return", self.scale_to_zero_and_back),
            (_LOST_EVENTS, self.lose_events),
            ("Destroy: nothing of ours is left", self.destroy_stack),
            ("No secret in assembly, logs or stack events", self.search_for_secrets),
        )
        return tuple(step for step in steps if step[0] not in self.left_out)

    @property
    def left_out(self) -> Mapping[str, str]:
        """What a run with endpoint delivery cannot tell, and why."""
        if self._sandbox.delivery == "handler":
            return {}
        return {
            _LOST_EVENTS: "there is no schedule",
            "An instance is in service only with its applications": "there are no lifecycle hooks",
            "An instance is undeployed while it still lives": "there are no lifecycle hooks",
        }

    def deploy_stack(self, checks: Checks) -> None:
        """Bootstrap, synthesize and deploy with the real CDK CLI."""
        cdk = self._sandbox.cdk
        with ThreadPoolExecutor() as pool:
            bootstrap = pool.submit(cdk.bootstrap, f"aws://{ACCOUNT}/{REGION}")
            self._output.append(cdk.run("synth", "--quiet", "--output", str(self._assembly)))
            self._output.append(bootstrap.result())
        self._output.append(
            cdk.run("deploy", STACK, *self._app, "--require-approval", "never", "--method", "direct")
        )
        self._secrets.extend(line for line in self._private_key.splitlines() if line and "-----" not in line)
        checks.equal("the stack is complete", self._stack.status(), "CREATE_COMPLETE")
        checks.equal(
            "the deployed template is byte for byte the synthesized one",
            self._stack.deployed_template(),
            self._stack.synthesized_template(),
        )
        checks.equal("the group is at capacity 0", self._group.states(), {})

    def look_at_seed(self, checks: Checks) -> None:
        """Look for what the seeder made; a person adds something of their own beside it."""
        for what, ci_type in (
            ("the bastion is a jumpstation", "overthere.SshJumpstation"),
            ("the AWS cloud connection exists", "aws.Cloud"),
            ("the Deploy connection exists", "deploy.server"),
            ("the host template exists", "aws.asg.ec2SshHostTemplate"),
        ):
            checks.equal(what, len(self._deploy.ids(type=ci_type)), 1)
        jumpstation = self._deploy.ids(type="overthere.SshJumpstation")[0]
        checks.equal(
            "the jumpstation has the bastion's public address",
            self._deploy.read(jumpstation)["address"],
            self._outputs["BastionAddress"],
        )
        checks.equal(
            "the environment is named as the group and empty", self._deploy.members(self._environment), []
        )
        self._person.create(PERSONS_DIRECTORY, "core.Directory")
        self._person.create(
            PERSONS_HOST,
            "overthere.SshHost",
            {
                "os": "UNIX",
                "connectionType": "SFTP",
                "address": "192.0.2.7",
                "username": "build",
                "tags": ["build"],
            },
        )
        self._person.add_member(self._environment, PERSONS_HOST)

    def scale_to_two(self, checks: Checks) -> None:
        """Launch two instances; nothing is deployed yet."""
        self._group.desire(2)
        self._mirror.settled(checks, 2)

    def deploy_application(self, checks: Checks) -> None:
        """Deploy through the vendor's SDK and look at the instances' own files."""
        self._person.deploy(SHOP_1, self._environment)
        self._mirror.deployed(checks, SHOP_1, runs=1)
        login = Login(self._sandbox.network, self._private_key)
        address = next(iter(self._group.addresses().values()))
        bastion = self._outputs["BastionAddress"]
        checks.equal("a direct SSH connection is refused", login.direct(address), False)
        checks.equal("through the bastion it works", login.through(bastion, address), True)
        checks.equal("the bastion gives no shell", login.shell_on(bastion), False)

    def scale_to_five(self, checks: Checks) -> None:
        """Launch three more; the application arrives on them alone."""
        old = set(self._group.states())
        self._group.desire(5)
        self._mirror.settled(checks, 5)
        self._mirror.deployed(checks, SHOP_1, runs=1)
        journals = self._mirror.files.read(f"/{SHOP_1.journal}")
        checks.equal("the old hosts got no steps", {journals[i] for i in old}, {f"{SHOP_1.version}\n"})

    def release_meanwhile(self, checks: Checks) -> None:
        """Deploy a second application; then release a new version while the group grows."""
        self._person.deploy(STOCK_1, self._environment)
        self._person.upload(SHOP_2)
        old = set(self._group.states())
        task = self._person.start(SHOP_2, self._environment)
        self._group.desire(6)
        self._person.finish(task)
        self._mirror.settled(checks, 6)
        self._mirror.deployed(checks, SHOP_2)
        self._mirror.deployed(checks, STOCK_1, runs=1)
        journals = self._mirror.files.read(f"/{SHOP_2.journal}")
        checks.equal(
            "the new host got the new version, once",
            {text for instance, text in journals.items() if instance in set(self._group.states()) - old},
            {f"{SHOP_2.version}\n"},
        )

    def scale_in(self, checks: Checks) -> None:
        """Terminate five instances; each is undeployed while it still lives, if hooks let it."""
        self._shrink(checks, 1)
        checks.equal("no deployed is left of the others", self._mirror.orphaned_deployeds(), [])
        self._mirror.deployed(checks, SHOP_2)

    def scale_to_zero_and_back(self, checks: Checks) -> None:
        """Take all instances away, then launch two."""
        self._shrink(checks, 0)
        self._group.desire(2)
        self._mirror.settled(checks, 2)
        self._mirror.deployed(checks, SHOP_2, runs=1)
        self._mirror.deployed(checks, STOCK_1, runs=1)

    def lose_events(self, checks: Checks) -> None:
        """Kill a machine behind the group's back and lose what EventBridge would have said."""
        cloud = self._sandbox.cloud
        victim = sorted(self._group.states())[0]
        cloud.lose_auto_scaling_events(_MANY)
        cloud.client("ec2").terminate_instances(InstanceIds=[victim])
        self._mirror.died.add(victim)
        checks.eventually(
            "the group replaces the dead instance",
            lambda: self._group.states().get(victim) != "InService" and len(self._group.states()) > 1,
            expected=True,
        )
        cloud.lose_auto_scaling_events(0)
        checks.equal(
            "Deploy has not heard of it", self._mirror.host_name(victim) in self._mirror.hosts(), True
        )
        cloud.run_schedule(self._stack.schedule())
        self._mirror.settled(checks, 2)
        checks.equal(
            "the dead instance has no host", self._mirror.host_name(victim) in self._mirror.hosts(), False
        )
        self._mirror.deployed(checks, SHOP_2, runs=1)
        self._mirror.deployed(checks, STOCK_1, runs=1)

    def destroy_stack(self, checks: Checks) -> None:
        """Destroy the stack with two instances in service."""
        cdk = self._sandbox.cdk
        self._output.append(cdk.run("destroy", STACK, *self._app, "--force"))
        left = self._deploy.everything() - self._before
        checks.equal(
            "in Deploy only what the person made, and the environment that holds it, are left",
            left - {ci for ci in left if ci.startswith(f"{self._environment}/")},
            {PERSONS_DIRECTORY, PERSONS_HOST, self._environment},
        )
        checks.equal(
            "the person's host is still a member",
            self._deploy.members(self._environment),
            list(self._mirror.guests),
        )
        checks.equal("no deployed is left", self._deploy.ids(type="udm.Deployed"), [])
        checks.equal("no task is left open", self._deploy.open_tasks(), [])
        if self._sandbox.delivery == "handler":
            # Only who hears of a termination while the instance still lives can do that.
            files = self._mirror.files.read(SHOP_2.path)
            checks.equal(
                "the last instances were undeployed before they ended",
                [instance for instance in files if instance not in self._mirror.died],
                [],
            )

    def search_for_secrets(self, checks: Checks) -> None:
        """Search everything that was written for the actual values."""
        found = find_leaks(self._sandbox.cloud, self._assembly, "\n".join(self._output), self._secrets)
        checks.equal("no password and no line of the private key was found", found, [])

    def _shrink(self, checks: Checks, count: int) -> None:
        before = set(self._group.states())
        self._group.desire(count)
        self._mirror.settled(checks, count)
        if self._sandbox.delivery == "endpoint":
            self._mirror.died.update(before - set(self._group.states()))

    @cached_property
    def _outputs(self) -> Mapping[str, str]:
        return self._stack.outputs()

    @cached_property
    def _private_key(self) -> str:
        return self._stack.private_key()

    @cached_property
    def _mirror(self) -> Mirror:
        cloud = self._sandbox.cloud
        group = GroupView(cloud.client("autoscaling"), cloud.client("ec2"), self._outputs["GroupName"])
        return Mirror(
            group,
            self._deploy,
            Files(self._sandbox.directory / "machines"),
            f"{DIRECTORY}/{group.name}",
            (PERSONS_HOST.rpartition("/")[2],),
        )

    @property
    def _group(self) -> GroupView:
        return self._mirror.group

    @property
    def _environment(self) -> str:
        return self._mirror.environment
