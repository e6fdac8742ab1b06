"""The story that every run tells, step by step, each with its checks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cdk_app.sandbox.demo.checks import Checks
from cdk_app.sandbox.demo.leaks import find_leaks
from cdk_app.sandbox.demo.login import Login
from cdk_app.sandbox.demo.person import Application, Person
from cdk_app.sandbox.demo.views import DeployView, Files, GroupView
from cdk_app.sandbox.running import STACK

if TYPE_CHECKING:
    from cdk_app.sandbox.running import RunningSandbox

ACCOUNT = "123456789012"
REGION = "us-east-1"
DIRECTORY = f"Infrastructure/aws/{ACCOUNT}/{REGION}"
PERSONS_DIRECTORY = "Infrastructure/team"
PERSONS_HOST = f"{PERSONS_DIRECTORY}/build-server"

SHOP_1 = Application("shop", "1.0", "shop, first release\n")
SHOP_2 = Application("shop", "2.0", "shop, second release\n")
STOCK_1 = Application("stock", "1.0", "stock, first release\n")
_MANY = 1000

_LOST_EVENTS = "An instance dies, its events are lost: the schedule heals"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step showed.

    Attributes
    ----------
    checks
        What was checked and held.
    seconds
        Wall-clock time of the step.
    failure
        Why the step failed, or None.
    """

    title: str
    checks: tuple[str, ...]
    seconds: float
    failure: str | None = None


Step = Callable[[Checks], None]


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
        self._files = Files(sandbox.directory / "machines")
        self._assembly = sandbox.directory / "cdk.out"
        self._before = self._deploy.everything()
        self._output: list[str] = []
        # Nothing can be undeployed from a machine that died first: its files went down with it.
        self._died: set[str] = set()
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

    def tell(self, title: str, step: Step, announce: Callable[[str], None]) -> StepResult:
        """Run one step and return what it showed; any error is the step's failure."""
        checks = Checks(announce)
        started = time.monotonic()
        failure = None
        try:
            step(checks)
        except Exception as error:  # a walkthrough reports whatever went wrong
            failure = f"{type(error).__name__}: {error}"
        return StepResult(title, tuple(checks.passed), time.monotonic() - started, failure)

    def deploy_stack(self, checks: Checks) -> None:
        """Bootstrap, synthesize and deploy with the real CDK CLI."""
        cdk = self._sandbox.cdk
        with ThreadPoolExecutor() as pool:
            bootstrap = pool.submit(cdk.bootstrap, f"aws://{ACCOUNT}/{REGION}")
            self._output.append(cdk.run("synth", "--quiet", "--output", str(self._assembly)))
            self._output.append(bootstrap.result())
        self._output.append(
            cdk.run(
                "deploy",
                STACK,
                "--app",
                str(self._assembly),
                "--require-approval",
                "never",
                "--method",
                "direct",
            )
        )
        key_id = self._sandbox.cloud.client("ec2").describe_key_pairs()["KeyPairs"][0]["KeyPairId"]
        parameter = self._sandbox.cloud.client("ssm").get_parameter(
            Name=f"/ec2/keypair/{key_id}", WithDecryption=True
        )
        self._private_key = parameter["Parameter"]["Value"]
        self._secrets.extend(line for line in self._private_key.splitlines() if line and "-----" not in line)

        stack = self._sandbox.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        checks.equal("the stack is complete", stack["StackStatus"], "CREATE_COMPLETE")
        synthesized = (self._assembly / f"{STACK}.template.json").read_bytes()
        checks.equal(
            "the deployed template is byte for byte the synthesized one",
            self._deployed_template(),
            synthesized,
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
        self._settled(checks, 2)

    def deploy_application(self, checks: Checks) -> None:
        """Deploy through the vendor's SDK and look at the instances' own files."""
        self._person.deploy(SHOP_1, self._environment)
        self._deployed(checks, SHOP_1, runs=1)
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
        self._settled(checks, 5)
        self._deployed(checks, SHOP_1, runs=1)
        journals = self._files.read(f"/{SHOP_1.journal}")
        checks.equal("the old hosts got no steps", {journals[i] for i in old}, {f"{SHOP_1.version}\n"})

    def release_meanwhile(self, checks: Checks) -> None:
        """Deploy a second application; then release a new version while the group grows."""
        self._person.deploy(STOCK_1, self._environment)
        self._person.upload(SHOP_2)
        old = set(self._group.states())
        task = self._person.start(SHOP_2, self._environment)
        self._group.desire(6)
        self._person.finish(task)
        self._settled(checks, 6)
        self._deployed(checks, SHOP_2)
        self._deployed(checks, STOCK_1, runs=1)
        journals = self._files.read(f"/{SHOP_2.journal}")
        checks.equal(
            "the new host got the new version, once",
            {text for instance, text in journals.items() if instance in set(self._group.states()) - old},
            {f"{SHOP_2.version}\n"},
        )

    def scale_in(self, checks: Checks) -> None:
        """Terminate five instances; each is undeployed while it still lives, if hooks let it."""
        self._shrink(checks, 1)
        checks.equal("no deployed is left of the others", self._orphaned_deployeds(), [])
        self._deployed(checks, SHOP_2)

    def scale_to_zero_and_back(self, checks: Checks) -> None:
        """Take all instances away, then launch two."""
        self._shrink(checks, 0)
        self._group.desire(2)
        self._settled(checks, 2)
        self._deployed(checks, SHOP_2, runs=1)
        self._deployed(checks, STOCK_1, runs=1)

    def lose_events(self, checks: Checks) -> None:
        """Kill a machine behind the group's back and lose what EventBridge would have said."""
        cloud = self._sandbox.cloud
        victim = sorted(self._group.states())[0]
        cloud.lose_auto_scaling_events(_MANY)
        cloud.client("ec2").terminate_instances(InstanceIds=[victim])
        self._died.add(victim)
        checks.eventually(
            "the group replaces the dead instance",
            lambda: self._group.states().get(victim) != "InService" and len(self._group.states()) > 1,
            expected=True,
        )
        cloud.lose_auto_scaling_events(0)
        checks.equal("Deploy has not heard of it", self._host_name(victim) in self._hosts(), True)
        cloud.run_schedule(self._schedule_name)
        self._settled(checks, 2)
        checks.equal("the dead instance has no host", self._host_name(victim) in self._hosts(), False)
        self._deployed(checks, SHOP_2, runs=1)
        self._deployed(checks, STOCK_1, runs=1)

    def destroy_stack(self, checks: Checks) -> None:
        """Destroy the stack with two instances in service."""
        cdk = self._sandbox.cdk
        self._output.append(cdk.run("destroy", STACK, "--app", str(self._assembly), "--force"))
        left = self._deploy.everything() - self._before
        checks.equal(
            "in Deploy only what the person made, and the environment that holds it, are left",
            left - {ci for ci in left if ci.startswith(f"{self._environment}/")},
            {PERSONS_DIRECTORY, PERSONS_HOST, self._environment},
        )
        checks.equal(
            "the person's host is still a member",
            self._deploy.members(self._environment),
            [PERSONS_HOST.split("/")[-1]],
        )
        checks.equal("no deployed is left", self._deploy.ids(type="udm.Deployed"), [])
        checks.equal("no task is left open", self._deploy.open_tasks(), [])

    def search_for_secrets(self, checks: Checks) -> None:
        """Search everything that was written for the actual values."""
        found = find_leaks(self._sandbox.cloud, self._assembly, "\n".join(self._output), self._secrets)
        checks.equal("no password and no line of the private key was found", found, [])

    def _shrink(self, checks: Checks, count: int) -> None:
        before = set(self._group.states())
        self._group.desire(count)
        self._settled(checks, count)
        if self._sandbox.delivery == "endpoint":
            self._died |= before - set(self._group.states())

    def _settled(self, checks: Checks, count: int) -> None:
        """Hold when the group has its instances and Deploy has exactly them."""
        checks.eventually(f"{count} instances in service", self._group.in_service, count)
        addresses = {self._host_name(i): address for i, address in self._group.addresses().items()}
        checks.eventually(
            f"hosts in Deploy = the {count} instances, with private addresses", self._hosts, addresses
        )
        members = sorted([*addresses, PERSONS_HOST.split("/")[-1]])
        checks.eventually(
            "they, and the person's host, are the environment's members",
            lambda: self._deploy.members(self._environment),
            members,
        )

    def _deployed(self, checks: Checks, application: Application, runs: int | None = None) -> None:
        """Hold when an application is on every instance, by Deploy's record and by the files."""
        instances = set(self._group.states())
        label = f"{application.name} {application.version}"
        checks.eventually(
            f"{label} is deployed to every host, says Deploy",
            lambda: self._deploy.deployed(self._environment).get(application.name),
            (application.version, frozenset(self._host_name(i) for i in instances)),
        )
        checks.equal(
            f"the file of {label} is on every instance and nowhere else",
            {i: text for i, text in self._files.read(application.path).items() if i not in self._died},
            dict.fromkeys(sorted(instances), application.content),
        )
        if runs is not None:
            checks.equal(
                f"the command of {label} ran {runs} time(s) on every instance",
                {
                    i: text
                    for i, text in self._files.read(f"/{application.journal}").items()
                    if i in instances
                },
                dict.fromkeys(sorted(instances), f"{application.version}\n" * runs),
            )

    def _hosts(self) -> Mapping[str, str]:
        return self._deploy.hosts(f"{DIRECTORY}/{self._group.name}")

    def _host_name(self, instance_id: str) -> str:
        return f"{self._group.name}-{instance_id}"

    def _orphaned_deployeds(self) -> list[str]:
        hosts = {f"{DIRECTORY}/{self._group.name}/{name}" for name in self._hosts()}
        return [d for d in self._deploy.ids(type="udm.Deployed") if d.rpartition("/")[0] not in hosts]

    def _deployed_template(self) -> bytes:
        manifest = json.loads((self._assembly / "manifest.json").read_text())
        url = manifest["artifacts"][STACK]["properties"]["stackTemplateAssetObjectUrl"]
        bucket, _, key = url.removeprefix("s3://").partition("/")
        for placeholder, value in (("${AWS::AccountId}", ACCOUNT), ("${AWS::Region}", REGION)):
            bucket = bucket.replace(placeholder, value)
        body = self._sandbox.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        return bytes(body.read())

    @cached_property
    def _outputs(self) -> Mapping[str, str]:
        stack = self._sandbox.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @cached_property
    def _group(self) -> GroupView:
        cloud = self._sandbox.cloud
        return GroupView(cloud.client("autoscaling"), cloud.client("ec2"), self._outputs["GroupName"])

    @cached_property
    def _environment(self) -> str:
        return f"Environments/{self._group.name}"

    @cached_property
    def _schedule_name(self) -> str:
        return self._sandbox.cloud.client("scheduler").list_schedules()["Schedules"][0]["Name"]
