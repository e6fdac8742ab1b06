"""Users, roles and the names of permissions."""

from __future__ import annotations

from dataclasses import dataclass, field

ADMIN = "admin"
LOGIN = "login"
READ = "read"
EDIT = "repo#edit"
DEPLOY_INITIAL = "deploy#initial"
DEPLOY_UPGRADE = "deploy#upgrade"
DEPLOY_UNDEPLOY = "deploy#undeploy"
IMPORT_INITIAL = "import#initial"
IMPORT_UPGRADE = "import#upgrade"
CONTROL_TASK = "controltask#execute"
TASK_VIEW = "task#view"
TASK_SKIP = "task#skip_step"
TASK_TAKEOVER = "task#takeover"
TASK_ASSIGN = "task#assign"
TASK_PREVIEW = "task#preview_step"
REPORT_VIEW = "report#view"
SECURITY_EDIT = "security#edit"
SECURITY_VIEW = "security#view"

GLOBAL_PERMISSIONS = (
    ADMIN,
    CONTROL_TASK,
    "discovery",
    LOGIN,
    REPORT_VIEW,
    SECURITY_EDIT,
    SECURITY_VIEW,
    TASK_ASSIGN,
    "task#move_step",
    TASK_PREVIEW,
    TASK_SKIP,
    TASK_TAKEOVER,
    TASK_VIEW,
)
LOCAL_PERMISSIONS: dict[str, str | None] = {
    READ: None,
    EDIT: None,
    CONTROL_TASK: None,
    "generate#dsl": None,
    DEPLOY_INITIAL: "Environments",
    DEPLOY_UPGRADE: "Environments",
    DEPLOY_UNDEPLOY: "Environments",
    TASK_SKIP: "Environments",
    TASK_TAKEOVER: "Environments",
    IMPORT_INITIAL: "Applications",
    IMPORT_UPGRADE: "Applications",
    "import#remove": "Applications",
}
"""Local permissions, and the only root node under which they can be granted."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has logged in."""

    name: str


@dataclass(slots=True)
class Role:
    """A named set of users with global permissions."""

    name: str
    principals: set[str] = field(default_factory=set)
    permissions: set[str] = field(default_factory=set)
