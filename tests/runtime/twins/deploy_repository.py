"""The repository of the Deploy twin: items, their types, and what is asked and refused about them."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any
CI = dict[str, Json]

HOST_PROPERTIES = {
    "os": "STRING",
    "connectionType": "STRING",
    "address": "STRING",
    "port": "INTEGER",
    "username": "STRING",
    "password": "STRING",
    "privateKey": "STRING",
    "jumpstation": "CI",
    "tags": "SET_OF_STRING",
}
SECRETS = frozenset({"password", "privateKey", "token"})
TYPES = {
    "core.Directory": {},
    "overthere.SshHost": HOST_PROPERTIES,
    "overthere.SmbHost": {
        **{name: kind for name, kind in HOST_PROPERTIES.items() if name != "privateKey"},
        "winrmEnableHttps": "BOOLEAN",
        "smbPort": "INTEGER",
    },
    "overthere.SshJumpstation": HOST_PROPERTIES,
    "udm.Environment": {"members": "SET_OF_CI", "tags": "SET_OF_STRING"},
    "udm.DeployedApplication": {"version": "CI", "environment": "CI", "deployeds": "SET_OF_CI"},
}
PLUGIN_TYPES = {
    "aws.asg.ec2SshHostTemplate": HOST_PROPERTIES,
    "deploy.server": {"url": "STRING", "username": "STRING", "password": "STRING", "token": "STRING"},
}


class Answer(Exception):  # noqa: N818 - the way in which a handler refuses
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass(kw_only=True)
class Repository:
    """The items of one server.

    Attributes
    ----------
    unacceptable : set
        CIs that validation refuses to create.
    hidden : set
        Names of properties that no CI can give a value.
    knows_masks : bool
        Whether a mask that is written back leaves the secret as it is, or replaces it.
    """

    plugin: bool = True
    knows_masks: bool = True
    items: dict[str, CI] = field(default_factory=dict)
    unacceptable: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    _tokens: Any = field(default_factory=itertools.count)

    def put(self, ci_id: str, ci_type: str, **properties: object) -> None:
        for length in range(2, ci_id.count("/") + 1):
            parent = "/".join(ci_id.split("/")[:length])
            self.items.setdefault(parent, self._stored({"id": parent, "type": "core.Directory"}))
        self.items[ci_id] = self._stored({"id": ci_id, "type": ci_type, **properties})

    def package(self, application: str, version: str, *deployables: str) -> str:
        version_id = f"Applications/{application}/{version}"
        self.put(version_id, "udm.DeploymentPackage")
        for name in deployables or (f"{application}-file",):
            self.put(f"{version_id}/{name}", "file.File")
        return version_id

    def members(self, environment: str) -> set[str]:
        return set(self.items[environment].get("members") or ())

    def deployeds(self, deployed_application: str) -> set[str]:
        return set(self.items[deployed_application]["deployeds"])

    def _query(self, params: Mapping[str, Any]) -> list[CI]:
        parent, kind = params.get("parent"), params.get("type")
        return [
            {"ref": ci_id, "type": item["type"]}
            for ci_id, item in self.items.items()
            if (parent is None or ci_id.rpartition("/")[0] == parent) and kind in {None, item["type"]}
        ]

    def _ci(self, method: str, ci_id: str, body: Json) -> Json:
        if method == "POST":
            if ci_id in self.items:
                raise Answer(400, f"Configuration Item {ci_id} already exists")
            return self._created(body)
        if ci_id not in self.items:
            raise Answer(404, f"Repository entity [{ci_id}] not found")
        if method == "PUT":
            if body.get("$token") != self.items[ci_id]["$token"]:
                raise Answer(409, f"{ci_id} was changed by somebody else")
            for member in body.get("members") or ():
                if member not in self.items:
                    raise Answer(400, f"Repository entity [{member}] not found")
            kept = {k: v for k, v in self.items[ci_id].items() if k in SECRETS and body.get(k) == "********"}
            if not self.knows_masks:
                kept = {}
            self.items[ci_id] = self._stored(body | kept)
        elif method == "DELETE":
            self._delete(ci_id)
            return None
        return self._shown(self.items[ci_id])

    def _created(self, item: CI) -> CI:
        """Create an item, or answer with what validation has against it, which looks like a success."""
        if item["id"] in self.unacceptable:
            return {**item, "validation-messages": [{"level": "ERROR", "message": "not as we like it"}]}
        self._create(item)
        return self._shown(self.items[item["id"]])

    def _create(self, item: CI) -> None:
        parent = item["id"].rpartition("/")[0]
        if parent.count("/") and parent not in self.items:
            raise Answer(400, f"parent {parent} does not exist")
        if item["type"] not in TYPES | (PLUGIN_TYPES if self.plugin else {}):
            raise Answer(400, f"unknown type {item['type']}")
        self.items[item["id"]] = self._stored(item)

    def _delete(self, ci_id: str) -> None:
        inside = {other for other in self.items if other == ci_id or other.startswith(f"{ci_id}/")}
        for other, item in self.items.items():
            if other not in inside:
                for key in ("members", "deployeds"):
                    for ref in item.get(key) or ():
                        if ref in inside:
                            raise Answer(400, f"Repository entity {ref} is still referenced by {other}")
                for key in ("jumpstation", "version"):
                    if item.get(key) in inside:
                        raise Answer(400, f"Repository entity {ci_id} is still referenced by {other}")
        for other in inside:
            del self.items[other]

    def _stored(self, item: CI) -> CI:
        return {**copy.deepcopy(item), "$token": f"t{next(self._tokens)}"}

    def _shown(self, item: CI) -> CI:
        return {key: "********" if key in SECRETS and value else value for key, value in item.items()}

    def _type(self, name: str) -> CI:
        types = TYPES | (PLUGIN_TYPES if self.plugin else {})
        if name not in types:
            raise Answer(404, f"no type {name}")
        shown = {k: v for k, v in types[name].items() if self.plugin or k != "privateKey"}
        return {
            "type": name,
            "properties": [
                {"name": k, "kind": v, "password": k in SECRETS, "hidden": k in self.hidden}
                for k, v in shown.items()
            ],
        }
