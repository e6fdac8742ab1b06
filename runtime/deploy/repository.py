"""Deploy's repository: read, create if absent, change without losing others' changes, delete."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from runtime.deploy.errors import DeployError, Masked, Missing, Refused, Unavailable, Unreachable
from runtime.deploy.items import CI, Ref, messages, reference
from runtime.deploy.metadata import masked
from runtime.deploy.transport import Transport, escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runtime.deploy.metadata import Metadata

_T = TypeVar("_T")

BATCH = 100
"""Items in one call: the size limit is not documented, 100 is the largest batch attested."""

_PAGE = 1000
_WRITE_ATTEMPTS = 6


class Repository:
    """CIs of one server.

    Parameters
    ----------
    transport : Transport
        Connection to the server.
    metadata : Metadata
        The server's types.
    sleep : callable
        Waits some seconds between attempts to write.
    """

    def __init__(
        self, transport: Transport, metadata: Metadata, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._transport = transport
        self._metadata = metadata
        self._sleep = sleep

    def read(self, ci_id: str) -> CI | None:
        """Return a CI, or None when there is none."""
        try:
            answer = self._transport.get(f"/repository/ci/{escaped(ci_id)}")
        except Missing:
            return None
        return _item("GET", ci_id, answer)

    def read_all(self, ci_ids: Sequence[str]) -> list[CI]:
        """Return those of the CIs that exist and that the account may read."""
        found: list[CI] = []
        for batch in batches(ci_ids):
            try:
                found += self._transport.post("/repository/cis/read", list(batch)) or []
            except (Missing, Refused):
                # Whether one missing id spoils the whole call is not documented.
                found += [item for item in map(self.read, batch) if item is not None]
        return found

    def exists(self, ci_id: str) -> bool:
        """Tell whether a CI exists."""
        return boolean(self._transport.get(f"/repository/exists/{escaped(ci_id)}"))

    def create(self, item: CI) -> bool:
        """Create a CI unless it exists; tell whether it was created now.

        Raises
        ------
        Refused
            Deploy did not accept it; the text has the validation messages.
        """
        path = f"/repository/ci/{escaped(item['id'])}"
        try:
            answer = self._transport.post(path, item)
        except (Refused, Unreachable) as error:
            # "already exists" has no documented status, and a lost answer may hide a success.
            if self.exists(item["id"]):
                return isinstance(error, Unreachable)
            raise
        wrong = messages(answer) if isinstance(answer, dict) else ()
        # A create refused by validation can come as a success with messages inside.
        if wrong and not self.exists(item["id"]):
            raise Refused("POST", path, 200, self._transport.fit("; ".join(wrong)))
        return True

    def create_all(self, items: Sequence[CI]) -> frozenset[str]:
        """Create those of the CIs that do not exist, parents before children.

        Returns
        -------
        frozenset of str
            Ids that the server has shown as stored: with a ``$token`` and without a message that blocks them.
            Whether the others exist has to be looked up, as a create that validation refuses can look like
            a success.
        """
        stored: set[str] = set()
        for batch in batches(items):
            try:
                answer = self._transport.post("/repository/cis", list(batch))
            except (Refused, Unreachable):
                # Whether a batch is all or nothing is not documented: finish one by one.
                for item in batch:
                    with suppress(Refused):
                        self.create(item)
            else:
                shown = answer if isinstance(answer, list) else []
                stored.update(str(ci["id"]) for ci in shown if ci.get("$token") and not messages(ci))
        return frozenset(stored)

    def update(self, ci_id: str, change: Callable[[CI], CI | None], known: CI | None = None) -> CI | None:
        """Read a CI, change it, write all of it back; again from the start when somebody was faster.

        A PUT replaces the whole CI. The ``$token`` read with it makes Deploy refuse a write based on an old
        version; which status that refusal has is not documented, so a changed token decides.

        Parameters
        ----------
        change : callable
            Gets the CI as read, returns it changed, or None to leave it. Called once per attempt.
        known : dict, optional
            The CI as read before: spares the first read. Without a ``$token`` it is read again, because
            nothing would tell then that it is old.

        Returns
        -------
        dict or None
            The CI as it is now; None when there is none.

        Raises
        ------
        Masked
            A secret that is not changed reads as a mask.
        """
        path = f"/repository/ci/{escaped(ci_id)}"
        failure: DeployError | None = None
        sent: object = None
        current = known if known is not None and known.get("$token") else self.read(ci_id)
        for attempt in range(_WRITE_ATTEMPTS):
            if attempt:
                current = self.read(ci_id)
            if current is None:
                return None
            if failure is not None and current.get("$token") == sent and not _passing(failure):
                raise failure
            sent = current.get("$token")
            changed = change(dict(current))
            if changed is None:
                return current
            self._refuse_masks(path, current, changed)
            try:
                answer = self._transport.put(path, changed)
            except (Refused, Unreachable, Unavailable) as error:
                failure = error
                self._sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311 - jitter, not a secret
                continue
            wrong = messages(answer) if isinstance(answer, dict) else ()
            if wrong:
                raise Refused("PUT", path, 200, self._transport.fit("; ".join(wrong)))
            return answer if isinstance(answer, dict) else self.read(ci_id)
        raise failure or Refused("PUT", path, None, "never written")

    def _refuse_masks(self, path: str, current: CI, changed: CI) -> None:
        """Refuse to write back a mask: whether Deploy takes it for the secret is not documented."""
        if not any(isinstance(value, str) and value and not value.strip("*") for value in current.values()):
            return  # the usual case needs no look at the type
        known = self._metadata.properties(str(current.get("type"))) or {}
        names = [name for name in masked(current, known) if changed.get(name) == current[name]]
        if names:
            text = (
                f"{current['id']}: its {', '.join(sorted(names))} reads masked, and would be written back so"
            )
            raise Masked("PUT", path, None, text)

    def delete(self, ci_id: str) -> None:
        """Delete a CI with all below it; gone already is as good.

        Raises
        ------
        Refused
            For example because another CI refers to it (`in_use` tells).
        """
        try:
            self._transport.delete(f"/repository/ci/{escaped(ci_id)}")
        except Missing:
            return
        except Refused:
            if self.exists(ci_id):
                raise

    def delete_all(self, ci_ids: Sequence[str]) -> dict[str, DeployError]:
        """Delete CIs; return those that are still there, with the reason."""
        refused: dict[str, DeployError] = {}
        for batch in batches(ci_ids):
            if len(batch) > 1:
                try:
                    self._transport.post("/repository/cis/delete", list(batch))
                    continue
                except (Missing, Refused):
                    pass  # one of them spoils the batch: which, shows one by one
            for ci_id in batch:
                try:
                    self.delete(ci_id)
                except Refused as error:
                    refused[ci_id] = error
        return refused

    def query(
        self, *, parent: str | None = None, ancestor: str | None = None, ci_type: str | None = None
    ) -> list[Ref]:
        """Return all CIs of a type (and its subtypes) directly below `parent` or anywhere below `ancestor`.

        CIs that the account may not read are left out by the server without a word.
        """
        wanted = {"type": ci_type, "parent": parent, "ancestor": ancestor}
        params: dict[str, str | int] = {key: value for key, value in wanted.items() if value is not None}
        found: dict[str, Ref] = {}
        page, size = 0, -1  # -1 asks for everything; a server may cap it at its page size
        while True:
            try:
                answer = self._transport.get(
                    "/repository/query", params | {"page": page, "resultsPerPage": size}
                )
            except Missing:  # the parent does not exist
                return []
            before = len(found)
            for item in answer or ():
                found[reference(item)] = Ref(reference(item), str(item.get("type", "")))
            if len(answer or ()) < _PAGE or (len(answer) != _PAGE and size == -1) or len(found) == before:
                return list(found.values())
            page, size = page + 1, _PAGE


def in_use(error: DeployError) -> bool:
    """Tell whether a delete was refused because another CI refers to the item."""
    return "still referenced" in error.text


def boolean(answer: object) -> bool:
    """Return the truth in ``{"boolean": true}``, ``true`` or ``<boolean>true</boolean>``."""
    if isinstance(answer, dict):
        return bool(answer.get("boolean"))
    return "true" in str(answer).lower()


def batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Cut a sequence into parts that one call may carry."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _passing(failure: DeployError) -> bool:
    return isinstance(failure, Unreachable | Unavailable)


def _item(method: str, ci_id: str, answer: object) -> CI:
    if not isinstance(answer, dict) or "id" not in answer:
        raise Refused(method, f"/repository/ci/{ci_id}", 200, "the answer is not a CI in JSON")
    return answer
