"""What the stack says about one group: the JSON in its SSM parameter."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from runtime.deploy.names import ci_name
from runtime.reconciliation.errors import Fatal


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret is kept: an SSM parameter, or a Secrets Manager secret and one of its JSON fields.

    The field of an `optional` one may be missing.
    """

    parameter: str | None = None
    secret: str | None = None
    field: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Hooks:
    """Names of the lifecycle hooks that wait for us; None where there is none.

    Without a heartbeat, Auto Scaling ends their waits after `timeout` seconds; None if that is not known.
    """

    launch: str | None = None
    terminate: str | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class GroupConfig:
    """Configuration of one group.

    Attributes
    ----------
    key : str
        The group's key: name of its parameter and message group id.
    group : str
        Name of the Auto Scaling group.
    environment, infrastructure : str
        Ids of its environment and of the directory of its hosts.
    templates : tuple of str
        Ids of template CIs; the first that exists is used.
    jumpstation : str or None
        Id of the jumpstation that the hosts refer to.
    secrets : dict
        Secret property of the hosts to where its value is kept.
    hooks : Hooks
        Lifecycle hooks of ours; none means notify-only.
    on_failure : str
        ``ABANDON`` replaces an instance whose deployment failed, ``CONTINUE`` lets it into service.
    host_type : str
        Type of the hosts that are created.
    address : str
        What of an instance is its host's address: ``private-ipv4``, ``private-dns`` or ``ipv6``.
    order : tuple of str
        Names of applications that are deployed first, one after the other; the others follow side by side.
    """

    key: str
    group: str
    environment: str
    infrastructure: str
    templates: tuple[str, ...]
    jumpstation: str | None = None
    secrets: dict[str, SecretSource] = field(default_factory=dict)
    hooks: Hooks = Hooks()
    on_failure: str = "ABANDON"
    host_type: str = "overthere.SshHost"
    address: str = "private-ipv4"
    order: tuple[str, ...] = ()

    @property
    def host_prefix(self) -> str:
        """What the ids of the group's hosts begin with; the instance id follows."""
        return f"{self.infrastructure}/{ci_name(self.group)}-"

    def host_id(self, instance_id: str) -> str:
        """Return the id of an instance's host CI."""
        return self.host_prefix + instance_id


def parse(key: str, text: str) -> GroupConfig:
    """Return the configuration in a parameter's value; unknown keys are ignored.

    Raises
    ------
    Fatal
        Not valid; the reason names the key.
    """
    try:
        values = json.loads(text)
    except ValueError:
        raise Fatal(f"the parameter of group {key} is not JSON") from None
    if not isinstance(values, dict):
        raise Fatal(f"the parameter of group {key} is not a JSON object")
    try:
        return _config(key, values)
    except KeyError as error:
        raise Fatal(f"the parameter of group {key} lacks {error}") from None


def _config(key: str, values: dict[str, Any]) -> GroupConfig:
    group = values["autoScalingGroup"]
    name = ci_name(group)

    def named(text: str) -> str:
        return text.replace("{group}", name)

    on_failure = values.get("onFailure") or "ABANDON"
    if on_failure not in {"ABANDON", "CONTINUE"}:
        raise Fatal(f"the parameter of group {key} has onFailure {on_failure}, expected ABANDON or CONTINUE")
    address = values.get("address") or "private-ipv4"
    if address not in {"private-ipv4", "private-dns", "ipv6"}:
        raise Fatal(
            f"the parameter of group {key} has address {address}, expected private-ipv4, private-dns or ipv6"
        )
    hooks = values.get("hooks") or {}
    return GroupConfig(
        key=key,
        group=group,
        environment=named(values["environment"]),
        infrastructure=named(values["infrastructure"]),
        templates=tuple(named(template) for template in values["templates"]),
        jumpstation=named(values["jumpstation"]) if values.get("jumpstation") else None,
        secrets={
            name: SecretSource(source.get("parameter"), source.get("secret"), source.get("field"))
            for name, source in (values.get("secretProperties") or {}).items()
        },
        hooks=Hooks(hooks.get("launch"), hooks.get("terminate"), hooks.get("timeout")),
        on_failure=on_failure,
        host_type=values.get("hostType") or "overthere.SshHost",
        address=address,
        order=tuple(values.get("order") or ()),
    )
