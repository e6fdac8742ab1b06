"""How to run a stand-in, and how it behaves where the real server is not known.

The rows named below are those of the table of unknowns in the docs (``docs/deploy-server.md``). Tests of
a client should run with more than one value of whatever they depend on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How this stand-in decides what is not known about the real server.

    Attributes
    ----------
    stale_token_status, already_exists_status, still_referenced_status, missing_id_status,
    missing_delete_status, missing_parent_status, missing_reference_status, invalid_status,
    permission_status, illegal_transition_status
        Status of each refusal. ``missing_delete_status`` 204 means that deleting what is not there succeeds.
    invalid_post_body
        What answers a refused POST of JSON: the item with its messages, or the texts. A refused PUT always
        gets text, because the vendor's SDK takes a JSON body for success.
    error_format
        Plain text, or JSON with ``message`` for clients that accept JSON.
    exception_headers
        Whether refusals carry ``X-Deployit-Exception``, ``X-Exception-Type`` and ``X-Path``, which the
        vendor's Java client reads (attested for 4.5).
    hidden_values
        How JSON shows passwords: encrypted, or eight asterisks.
    script_secrets
        How scripts of plugins get passwords from ``repositoryService``.
    reference_form
        How JSON shows references: a string, or an object with this key.
    validation_messages_key
        JSON key of the messages of an item.
    validation_message_level
        Whether a message tells its level (absent in 4.5, attested later).
    step_metadata
        Whether steps show their metadata in both formats (attested for XML), or in XML only (as 4.5 did).
    stop_pending
        What stop and abort do on a task that has not started: nothing, or refuse.
    archived_tasks_readable
        Whether GET still finds a task after archiving or cancelling.
    query_cap
        Largest number of results of a repository query, ``None`` for no limit.
    batch_atomic
        Whether a refused batch leaves nothing behind, or what came before the refusal.
    upgrade_only_mapping
        What ``prepare/deployeds`` does for a user without ``deploy#initial``: adds nothing, or refuses.
    departed_containers
        Whether an update keeps deployeds of containers that left the environment, or drops them.
    deployed_application_put
        Whether a PUT of ``DeployedApplication.deployeds`` is taken, refused or ignored.
    empty_deployment
        A deployment without deployeds: a task with the register step only, or a refusal.
    connection_timeout, transport_timeout
        Seconds until a step gives up on a host: until it is connected, and until it has identified itself
        (Overthere's defaults; behind a jumpstation only the second one counts).
    locks
        Whether ``allowConcurrentDeployments=false`` of an environment is honoured: not at all, as the lock
        plugin does (a failed task keeps its locks), or natively (it gives them back).
    double_slash
        Whether empty path elements are ignored, or not found.
    unknown_properties
        Whether an item with a property that its type lacks is refused (attested for 4.5), or accepted
        without it.
    context_root
        Path before ``/deployit``.
    max_active_tasks, step_threads, max_page_size
        Documented limits: running tasks (others are queued), steps at one time, page of archived tasks.
    task_access_status
        Status when somebody reads a task of somebody else.
    login_status
        Status for a right password of a user without the permission ``login``.
    licence
        ``False``: every call but ``server/info`` without credentials answers 402.
    """

    stale_token_status: int = 409
    already_exists_status: int = 400
    still_referenced_status: int = 400
    missing_id_status: int = 404
    missing_delete_status: int = 204
    missing_parent_status: int = 400
    missing_reference_status: int = 404
    invalid_status: int = 400
    permission_status: int = 403
    illegal_transition_status: int = 400
    invalid_post_body: Literal["item", "text"] = "item"
    error_format: Literal["text", "json"] = "text"
    exception_headers: bool = True
    hidden_values: Literal["encrypted", "masked"] = "encrypted"
    script_secrets: Literal["clear", "encrypted", "masked"] = "clear"
    reference_form: Literal["string", "ci-ref", "ref", "ci", "id"] = "string"
    validation_messages_key: str = "validation-messages"
    validation_message_level: bool = True
    step_metadata: Literal["both", "xml"] = "both"
    stop_pending: Literal["ignore", "refuse"] = "ignore"
    archived_tasks_readable: bool = True
    query_cap: int | None = None
    batch_atomic: bool = True
    upgrade_only_mapping: Literal["nothing", "refuse"] = "nothing"
    departed_containers: Literal["keep", "drop"] = "keep"
    deployed_application_put: Literal["accept", "refuse", "ignore"] = "accept"
    empty_deployment: Literal["register", "refuse"] = "register"
    connection_timeout: float = 120.0
    transport_timeout: float = 30.0
    locks: Literal["off", "plugin", "native"] = "off"
    double_slash: Literal["ignore", "404"] = "ignore"
    unknown_properties: Literal["refuse", "accept"] = "refuse"
    context_root: str = "/"
    max_active_tasks: int = 100
    step_threads: int = 32
    max_page_size: int = 1000
    task_access_status: int = 403
    login_status: int = 403
    licence: bool = True


@dataclass(frozen=True, slots=True)
class User:
    """An account that exists from the start.

    Attributes
    ----------
    admin
        Whether the account may do everything; otherwise it has the right to log in and nothing else.
    """

    name: str
    password: str = field(repr=False)
    admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How to run a stand-in.

    Attributes
    ----------
    host, port
        Where to listen; port 0 takes a free one.
    admin_password
        Of the user ``admin``.
    plugins
        ``synthetic.xml`` files, directories or plugin archives, in load order.
    script_environment
        Variables of the process that runs the scripts of plugins, such as ``AWS_ENDPOINT_URL``.
    data_directory
        Where everything is kept over a restart, ``None`` for memory only.
    """

    host: str = "127.0.0.1"
    port: int = 0
    admin_password: str = field(default="admin", repr=False)
    users: tuple[User, ...] = ()
    plugins: tuple[Path | str, ...] = ()
    script_environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    data_directory: Path | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
