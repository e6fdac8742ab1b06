"""What AWS says about one instance, and what follows for Deploy.

States: "Amazon EC2 Auto Scaling instance lifecycle" and the service models of botocore 1.43.
"""

from collections import namedtuple

from aws_asg import answers

STAYS, LEAVES, ARRIVES, RESTS = "stays", "leaves", "arrives", "rests"

_STATES = {
    "Pending": ARRIVES,
    "Pending:Wait": STAYS,
    "Pending:Proceed": STAYS,
    "InService": STAYS,
    "EnteringStandby": STAYS,
    "Standby": STAYS,
    "ReplacingRootVolume": ARRIVES,
    "ReplacingRootVolume:Wait": ARRIVES,
    "ReplacingRootVolume:Proceed": ARRIVES,
    "RootVolumeReplaced": ARRIVES,
    "Terminating": LEAVES,
    "Terminating:Wait": LEAVES,
    "Terminating:Proceed": LEAVES,
    "Terminated": LEAVES,
    "Detaching": LEAVES,
    "Detached": LEAVES,
}

Instance = namedtuple("Instance", ["id", "state", "place", "alive", "address"])
"""``state`` as AWS calls it; ``place`` is one of the four words above; ``alive``: SSH may still reach it."""


def instance(instance_id, group, lifecycle, machine):
    """Put the answers of Auto Scaling and EC2 together.

    Parameters
    ----------
    instance_id, group
        What the event named.
    lifecycle
        Pair of group and lifecycle state, or None when no group has the instance.
    machine
        Pair of EC2 state and private address (or None), or None when EC2 does not know the instance.

    Notes
    -----
    A warm-pool instance (``Warmed:...``), and any state that this code does not know, rests: nothing is done.
    """
    state, address = machine or ("absent", None)
    alive = is_alive(machine)
    if lifecycle is None or lifecycle[0] != group:
        return Instance(instance_id, state, LEAVES, alive, address)
    return Instance(instance_id, lifecycle[1], _STATES.get(lifecycle[1], RESTS), alive, address)


def is_alive(machine):
    """Tell whether SSH may reach a machine: a pair as in `machines_in`, or None."""
    return machine is not None and machine[0] in ("pending", "running")


def lifecycle_in(answer):
    """Return group and lifecycle state in an answer of ``DescribeAutoScalingInstances``, None if empty."""
    for member in answers.elements(answer, "member"):
        return answers.text(member, "AutoScalingGroupName"), answers.text(member, "LifecycleState")
    return None


def machines_in(answer):
    """Return pairs of state and private address in an answer of ``DescribeInstances``, by instance id."""
    found = {}
    for state in answers.elements(answer, "instanceState"):
        machine = state.getParentNode()
        pair = (answers.text(state, "name"), answers.text(machine, "privateIpAddress"))
        found[answers.text(machine, "instanceId")] = pair
    return found


def error_in(answer):
    """Return code and message of an error answer of either service; code is empty if it is not one."""
    for error in answers.elements(answer, "Error"):
        return answers.text(error, "Code") or "", answers.text(error, "Message") or ""
    return "", ""
