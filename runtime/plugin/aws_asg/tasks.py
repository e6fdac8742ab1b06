"""Sorts Deploy's open tasks on one environment by what is to be done about each."""

from collections import namedtuple

EXECUTED = "EXECUTED"
FINISHED = (EXECUTED, "DONE")
HALTED = ("FAILED", "STOPPED", "ABORTED")
GONE = ("CANCELLED", "FORCE_CANCELLED")
IDLE = ("PENDING", "SCHEDULED")

Open = namedtuple("Open", ["to_archive", "to_cancel", "running"])
"""Ids of our own finished tasks, of our own halted or never started ones, and of anybody's running ones."""


def state_of(task):
    """Return a task's state; some servers have the real one in ``state2``."""
    return (task.get("state2") or task.get("state") or "").upper()


def is_running(state):
    """Tell whether steps run or are about to: any state that is not known to be at rest."""
    return state not in FINISHED + HALTED + GONE + IDLE


def sort_open(own, everybodys, environment):
    """Return what to do about the open tasks on an environment.

    Parameters
    ----------
    own
        Tasks of the account that the plugin uses; nobody else may use that account for deployments.
    everybodys
        All open tasks as far as the account sees them.
    environment
        Id of the environment.
    """
    ours = [(task["id"], state_of(task)) for task in own if _is_on(task, environment)]
    others = [(task["id"], state_of(task)) for task in everybodys if _is_on(task, environment)]
    return Open(
        [task for task, state in ours if state == EXECUTED],
        [task for task, state in ours if state in HALTED + IDLE],
        sorted(set(task for task, state in ours + others if is_running(state))),
    )


def leaf_blocks(block):
    """Return the ids of the blocks that hold steps; a phase wraps its block in ``block``."""
    if isinstance(block.get("block"), dict):
        return leaf_blocks(block["block"])
    children = block.get("blocks") or ()
    if children:
        return [leaf for child in children for leaf in leaf_blocks(child)]
    return [block["id"]] if "id" in block else []


def _is_on(task, environment):
    return (task.get("metadata") or {}).get("environment_id") == environment
