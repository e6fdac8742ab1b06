"""Items, tasks and accounts in one SQLite file, written at every change."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.deploy_server.persistence.encoding import decode, encode
from cdk_app.sandbox.deploy_server.repository.cipher import Cipher

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cdk_app.sandbox.deploy_server.repository.change import Change
    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem
    from cdk_app.sandbox.deploy_server.tasks.model import Step, Task

_TABLES = ("items", "tasks", "steps", "security")
_KEY_FILE = "key"


class Database:
    """The data directory of a server.

    Parameters
    ----------
    directory
        Made when it is missing. Beside the database it holds the key that passwords are encrypted with,
        readable for its owner only.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.cipher = Cipher(_key(directory / _KEY_FILE))
        # Opened by the thread that builds the server, used by the one that runs it.
        self._connection = sqlite3.connect(directory / "deploy.sqlite", check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        # The end of the process must lose nothing; the end of the machine may.
        self._connection.execute("PRAGMA synchronous=OFF")
        with self._connection:
            for table in _TABLES:
                self._connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, content TEXT NOT NULL)"
                )

    def close(self) -> None:
        """End the use of the file."""
        self._connection.close()

    def items(self) -> list[ConfigurationItem]:
        """Return all items that are kept, in the order in which they were written first."""
        return self._load("items")

    def tasks(self) -> list[Task]:
        """Return all tasks that are kept."""
        tasks: list[Task] = self._load("tasks")
        by_id = {task.id: task for task in tasks}
        for key, step in self._rows("steps"):
            task_id, _, path = key.partition(" ")
            block = by_id[task_id].find_block(path.rpartition("_")[0])
            if block is not None:
                block.steps[int(path.rpartition("_")[2]) - 1] = step
        return tasks

    def security(self) -> dict[str, Any]:
        """Return users, tokens, roles and permissions, empty at the first start."""
        return next(iter(self._load("security")), {})

    def keep_change(self, change: Change) -> None:
        """Keep what was written to the repository."""
        self._write("items", {item.id: item for item in change.written}, change.removed)

    def keep_task(self, task: Task) -> None:
        """Keep a task with all its steps as they are now."""
        self._forget_steps(task.id)
        self._write("tasks", {task.id: task}, ())

    def keep_step(self, task: Task, path: str, step: Step) -> None:
        """Keep one step as it is now; a task may have thousands of them."""
        self._write("steps", {f"{task.id} {path}": step}, ())

    def forget_task(self, task_id: str) -> None:
        """Forget a task that disappears without trace."""
        self._forget_steps(task_id)
        self._write("tasks", {}, [task_id])

    def keep_security(self, content: dict[str, Any]) -> None:
        """Keep users, tokens, roles and permissions."""
        self._write("security", {"all": content}, ())

    def _load(self, table: str) -> list[Any]:
        return [content for _, content in self._rows(table)]

    def _rows(self, table: str) -> list[tuple[str, Any]]:
        rows = self._connection.execute(f"SELECT id, content FROM {table} ORDER BY rowid")  # noqa: S608 - one of ours
        return [(key, decode(json.loads(content), self.cipher)) for key, content in rows]

    def _forget_steps(self, task_id: str) -> None:
        with self._connection:
            self._connection.execute("DELETE FROM steps WHERE id LIKE ?", (f"{task_id} %",))

    def _write(self, table: str, written: dict[str, Any], removed: Iterable[str]) -> None:
        rows = [(key, json.dumps(encode(value, self.cipher))) for key, value in written.items()]
        # Both table names are ours.
        insert = (
            f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET content = excluded.content"  # noqa: S608
        )
        with self._connection:
            delete = f"DELETE FROM {table} WHERE id = ?"  # noqa: S608
            self._connection.executemany(delete, [(key,) for key in removed])
            self._connection.executemany(insert, rows)


def _key(path: Path) -> bytes:
    if path.exists():
        return path.read_bytes()
    key = Cipher().key
    path.touch(mode=0o600)
    path.write_bytes(key)
    return key
