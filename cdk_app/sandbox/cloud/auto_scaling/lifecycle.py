"""How a member moves through its lifecycle hooks. Pure.

Several hooks of one transition are worked through one after the other, in the order of their names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_app.sandbox.cloud.auto_scaling.model import Place, State, Transition, Wait

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_app.sandbox.cloud.auto_scaling.model import Hook, Member

WAITING = {
    State.PENDING: State.PENDING_WAIT,
    State.TERMINATING: State.TERMINATING_WAIT,
    State.WARMED_PENDING: State.WARMED_PENDING_WAIT,
    State.WARMED_TERMINATING: State.WARMED_TERMINATING_WAIT,
}
MOVING = {waiting: moving for moving, waiting in WAITING.items()}


def transition(member: Member) -> Transition:
    """Return what the hooks of the member's present activity wait for."""
    leaving = member.origin is Place.GROUP or member.destination is Place.EC2
    return Transition.TERMINATING if leaving else Transition.LAUNCHING


def next_hook(member: Member, hooks: Iterable[Hook]) -> Hook | None:
    """Return the hook that the member has to pass next, or ``None`` when it may move on."""
    left = [hook for hook in hooks if hook.transition is transition(member) and hook.name not in member.done]
    return min(left, key=lambda hook: hook.name, default=None)


def begin_wait(member: Member, hook: Hook, token: str, now: float) -> Member:
    """Put a moving member into the wait of a hook."""
    return replace(member, state=WAITING[member.state], wait=Wait(hook, token, now, now + hook.timeout))


def heartbeat(member: Member, now: float) -> Member:
    """Start the timer of the member's wait again, up to the wait's limit."""
    if member.wait is None:
        raise ValueError(member.instance_id)
    wait = member.wait
    return replace(member, wait=replace(wait, deadline=min(now + wait.hook.timeout, wait.limit)))


def end_wait(member: Member) -> Member:
    """Let a member go on with the movement that the hook held up."""
    if member.wait is None:
        raise ValueError(member.instance_id)
    return replace(member, state=MOVING[member.state], wait=None, done=(*member.done, member.wait.hook.name))
