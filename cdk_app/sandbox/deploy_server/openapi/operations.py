"""One row per call: method, path, what it takes and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

DATES = ("begindate", "enddate", "page:int", "resultsPerPage:int")
MONITOR = ("begin", "end", "page:int", "resultsPerPage:int")
QUERY = (
    "type",
    "parent",
    "ancestor",
    "namePattern",
    "lastModifiedBefore",
    "lastModifiedAfter",
    "page:int",
    "resultsPerPage:int",
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API.

    Attributes
    ----------
    path
        Below ``/deployit``; ``{id}`` stands for an id with its slashes.
    body, answer
        Names of schemas; ``None`` for no body, and for 204 without content.
    query
        Names of query parameters; ``!`` marks a required one, ``:int`` a number.
    """

    method: str
    path: str
    summary: str
    body: str | None = None
    answer: str | None = None
    query: tuple[str, ...] = ()


OPERATIONS = (
    Operation("get", "/server/info", "Version; the call to check credentials with", answer="ServerInfo"),
    Operation("get", "/server/state", "Running or in maintenance", answer="ServerState"),
    Operation("post", "/server/maintenance/start", "Let only administrators start tasks"),
    Operation("post", "/server/maintenance/stop", "Let everybody start tasks"),
    Operation("get", "/repository/ci/{id}", "Read an item", answer="ConfigurationItem"),
    Operation("post", "/repository/ci/{id}", "Create an item", "ConfigurationItem", "ConfigurationItem"),
    Operation(
        "put", "/repository/ci/{id}", "Replace an item as a whole", "ConfigurationItem", "ConfigurationItem"
    ),
    Operation("delete", "/repository/ci/{id}", "Delete an item and all below it"),
    Operation("get", "/repository/exists/{id}", "Whether an item exists", answer="Boolean"),
    Operation("post", "/repository/cis", "Create items, in any order", "Items", "Items"),
    Operation("put", "/repository/cis", "Create or replace items", "Items", "Items"),
    Operation("post", "/repository/cis/read", "Read the readable ones of these items", "Ids", "Items"),
    Operation("post", "/repository/cis/delete", "Delete items", "Ids"),
    Operation("post", "/repository/validate", "Messages about items, nothing stored", "Items", "Items"),
    Operation(
        "post",
        "/repository/rename/{id}",
        "Give an item a new name",
        answer="ConfigurationItem",
        query=("newName!",),
    ),
    Operation(
        "post", "/repository/copy/{id}", "Copy a subtree", answer="ConfigurationItem", query=("newId!",)
    ),
    Operation(
        "post", "/repository/move/{id}", "Move a subtree", answer="ConfigurationItem", query=("newId!",)
    ),
    Operation("get", "/repository/query", "References to items", answer="References", query=QUERY),
    Operation("get", "/repository/v2/query", "References to items", answer="References", query=QUERY),
    Operation(
        "get", "/repository/v3/query", "References to items", answer="References", query=(*QUERY, "idPattern")
    ),
    Operation(
        "post",
        "/repository/candidate-values",
        "What a property of this item may refer to",
        "ConfigurationItem",
        "References",
        ("propertyName!", "namePattern", "page:int", "resultsPerPage:int"),
    ),
    Operation(
        "get",
        "/deployment/exists",
        "Whether an application is deployed",
        answer="Boolean",
        query=("application!", "environment!"),
    ),
    Operation(
        "get",
        "/deployment/prepare/initial",
        "A first deployment, nothing mapped yet",
        answer="Deployment",
        query=("version!", "environment!"),
    ),
    Operation(
        "get",
        "/deployment/prepare/update",
        "Another version, mapped as before",
        answer="Deployment",
        query=("version!", "deployedApplication!"),
    ),
    Operation(
        "get",
        "/deployment/prepare/undeploy",
        "Removal of a deployed application",
        answer="Deployment",
        query=("deployedApplication!",),
    ),
    Operation(
        "post", "/deployment/prepare/deployeds", "Map what is not mapped yet", "Deployment", "Deployment"
    ),
    Operation(
        "post",
        "/deployment/generate/selected",
        "Map these deployables",
        "Deployment",
        "Deployment",
        ("deployables",),
    ),
    Operation(
        "post",
        "/deployment/generate/selected/deployables",
        "Map these deployables",
        "Deployment",
        "Deployment",
        ("deployables",),
    ),
    Operation(
        "post",
        "/deployment/generate/single",
        "Map one deployable to one container",
        "Deployment",
        "Deployment",
        ("deployable!", "container!", "deployedtype"),
    ),
    Operation("post", "/deployment/validate", "The deployment with its messages", "Deployment", "Deployment"),
    Operation("post", "/deployment", "Make a task of a deployment", "Deployment", "String"),
    Operation("post", "/deployment/rollback/{taskId}", "Make a task that undoes another", answer="String"),
    Operation(
        "get",
        "/deployment/dictionary",
        "Effective dictionary, secrets masked",
        answer="TextMap",
        query=("environment!", "application", "container"),
    ),
    Operation("post", "/deployment/previewblock", "Blocks of the task to be", "Deployment", "Block"),
    Operation(
        "post", "/deployment/previewblock/{path}/{number}", "A step of the task to be", "Deployment", "Step"
    ),
    Operation(
        "get", "/environment/{id}/deployed-applications", "What is deployed there", answer="References"
    ),
    Operation("get", "/tasks/v2/current", "My open tasks", answer="Tasks"),
    Operation("get", "/tasks/v2/current/all", "Open tasks that I may see", answer="Tasks"),
    Operation("get", "/tasks/v2/query", "Archived tasks", answer="Tasks", query=DATES),
    Operation("get", "/tasks/v2/export", "Archived tasks with their steps", answer="Tasks", query=DATES),
    Operation("get", "/tasks/v2/{taskId}", "A task with its blocks", answer="Task"),
    Operation("delete", "/tasks/v2/{taskId}", "Cancel a task"),
    Operation("delete", "/tasks/v2/{taskId}/force", "Cancel a task even if it runs"),
    Operation("post", "/tasks/v2/{taskId}/start", "Start a task, or go on with it"),
    Operation("post", "/tasks/v2/{taskId}/stop", "Stop after the running steps"),
    Operation("post", "/tasks/v2/{taskId}/abort", "Stop the running steps"),
    Operation("post", "/tasks/v2/{taskId}/archive", "Close an executed task"),
    Operation("post", "/tasks/v2/{taskId}/schedule", "Start a task later", query=("time!",)),
    Operation("post", "/tasks/v2/{taskId}/skip", "Skip steps", "Ids", "Task"),
    Operation("post", "/tasks/v2/{taskId}/unskip", "Do steps after all", "Ids", "Task"),
    Operation("post", "/tasks/v2/{taskId}/add-pause/{path}", "Pause before a step", answer="Block"),
    Operation("post", "/tasks/v2/{taskId}/assign/{name}", "Give a task to a user", answer="Task"),
    Operation("post", "/tasks/v2/{taskId}/takeover/{name}", "Take a task from its owner", answer="Task"),
    Operation("get", "/tasks/v2/{taskId}/block/{path}", "A block", answer="Block"),
    Operation("get", "/tasks/v2/{taskId}/block/{path}/step", "A block with its steps", answer="Block"),
    Operation("get", "/tasks/v2/{taskId}/step/{path}", "A step with its log", answer="Step"),
    Operation("get", "/tasks/v2/{taskId}/full", "A task with its blocks", answer="Task"),
    Operation("get", "/tasks/v2/{taskId}/summary", "A task with its blocks", answer="Task"),
    Operation("get", "/tasks/v2/{taskId}/step-log/{path}", "Log of a step, as text"),
    Operation("get", "/control/prepare/{name}/{id}", "An operation on an item", answer="Control"),
    Operation("post", "/control", "Make a task of an operation", "Control", "String"),
    Operation("post", "/taskmonitor/deployment", "Open deployments", "Applications", "Tasks", MONITOR),
    Operation("post", "/report/tasks", "Closed deployments", "Applications", "Report", MONITOR),
    Operation("get", "/metadata/type", "Every type", answer="Descriptors"),
    Operation("get", "/metadata/type/{name}", "A type", answer="Descriptor"),
    Operation("get", "/metadata/permissions", "Every permission", answer="Permissions"),
    Operation("get", "/metadata/orchestrators", "Names of orchestrators", answer="Texts"),
    Operation("get", "/security/user", "Users", answer="Texts"),
    Operation("put", "/security/user/{name}", "Change a password", "User"),
    Operation("get", "/security/role", "Roles", answer="Texts"),
    Operation("post", "/security/role/{name}", "Rename a role", "String"),
    Operation("get", "/security/role/roles", "My roles", answer="Texts"),
    Operation("get", "/security/role/roles/{name}", "Roles of a user", answer="Texts"),
    Operation("put", "/security/role/{name}", "Create a role"),
    Operation("delete", "/security/role/{name}", "Delete a role"),
    Operation("put", "/security/role/{name}/{principal}", "Assign a role"),
    Operation("delete", "/security/role/{name}/{principal}", "Take a role away"),
    Operation("get", "/security/user/{name}", "A user", answer="User"),
    Operation("post", "/security/user/{name}", "Create a user", "User", "User"),
    Operation("delete", "/security/user/{name}", "Delete a user"),
    Operation("get", "/security/permission/{permission}/{name}/{id}", "Whether granted", answer="Boolean"),
    Operation("put", "/security/permission/{permission}/{name}/{id}", "Grant"),
    Operation("delete", "/security/permission/{permission}/{name}/{id}", "Revoke"),
    Operation(
        "get", "/security/permission/{permission}/{name}", "Whether granted globally", answer="Boolean"
    ),
    Operation("put", "/security/permission/{permission}/{name}", "Grant globally"),
    Operation("delete", "/security/permission/{permission}/{name}", "Revoke globally"),
    Operation("get", "/security/granted-permissions", "What I may, by id", answer="Grants"),
    Operation("get", "/security/granted-permissions/{name}", "What a role may, by id", answer="Grants"),
    Operation("get", "/security/check/{permission}", "Whether I may globally", answer="Boolean"),
    Operation("get", "/security/check/{permission}/{id}", "Whether I may", answer="Boolean"),
)
