"""The host CI of an instance, made from its group's template, and its place in the environment."""

import re

from aws_asg.outcomes import Refused

HOST_TYPE = "overthere.SshHost"

SECRETS = ("password", "privateKey", "passphrase", "suPassword")
COPIED = SECRETS + (
    "os",
    "connectionType",
    "port",
    "username",
    "privateKeyFile",
    "sudoUsername",
    "suUsername",
    "jumpstation",
    "credentials",
    "satellite",
    "temporaryDirectoryPath",
    "stagingDirectoryPath",
    "puppetPath",
    "deploymentGroup",
    "deploymentSubGroup",
    "deploymentSubSubGroup",
    "tags",
)
"""Properties that a template shares with its hosts; the address is each host's own."""


_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}\Z")


def prefix(group):
    """Return what the ids of a group's hosts begin with: ``<infrastructure>/<name of the template>-``."""
    return "%s/%s-" % (group.infrastructure, group.template["id"].rpartition("/")[2])


def host_id(group, instance_id):
    """Return the id of an instance's host."""
    return prefix(group) + instance_id


def instance_of(host, start):
    """Return the id of a host's instance, None if the host is not of the group with this `prefix`."""
    rest = host[len(start) :]
    return rest if host.startswith(start) and _INSTANCE.match(rest) else None


def host(group, instance):
    """Return the host CI of an instance as Deploy's REST API takes it.

    Raises
    ------
    Refused
        422 if the server shows a secret of the template masked: it cannot be copied then.
    """
    ci = {"id": host_id(group, instance.id), "type": HOST_TYPE, "address": instance.address}
    for name in COPIED:
        value = group.template.get(name)
        if value in (None, "", []):
            continue
        if name in SECRETS and not value.strip("*"):
            raise Refused(
                422,
                "template %s: this server shows scripts no %s; use privateKeyFile or credentials instead"
                % (group.template["id"], name),
            )
        ci[name] = value
    return ci


def with_member(environment, member):
    """Return the environment with a member added, None if it has it."""
    members = references(environment.get("members"))
    return None if member in members else _changed(environment, members + [member])


def without_member(environment, member):
    """Return the environment with a member taken out, None if it has it not."""
    members = references(environment.get("members"))
    if member not in members:
        return None
    return _changed(environment, [other for other in members if other != member])


def _changed(environment, members):
    """Return the environment with other members, unless a mask would be written back in place of a secret."""
    for name, value in sorted(environment.items()):
        if isinstance(value, basestring) and len(value) > 3 and not value.strip("*"):
            told = (environment["id"], name)
            raise Refused(422, "%s: its %s reads masked; keep it in an encrypted dictionary" % told)
    return dict(environment, members=members)


def references(values):
    """Return ids of a collection of references, in any shape that Deploy is known to write them."""
    return [reference(value) for value in values or ()]


def reference(value):
    """Return the id in a reference: a string, or an object with one of four keys."""
    if isinstance(value, dict):
        return next(value[key] for key in ("ci-ref", "ref", "ci", "id") if key in value)
    return value
