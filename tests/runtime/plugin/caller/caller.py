"""Calls functions of the plugin for a test: ``{"call": "module.name", "arguments": [...]}``, nested at will.

A name that is no function gives its value.
"""

from aws_asg.outcomes import LookAgain, Refused


def evaluate(value):
    if isinstance(value, dict) and "call" in value:
        module, _, name = value["call"].rpartition(".")
        function = getattr(__import__("aws_asg." + module, fromlist=[str(name)]), name)
        if not callable(function):
            return function
        return function(*[evaluate(argument) for argument in value["arguments"]])
    if isinstance(value, list):
        return [evaluate(item) for item in value]
    return value


def shown(value):
    if hasattr(value, "_asdict"):
        return dict((name, shown(item)) for name, item in value._asdict().items())
    return [shown(item) for item in value] if isinstance(value, (list, tuple)) else value


try:
    response.entity = {"value": shown(evaluate(request.entity))}
except Refused as refusal:
    response.entity = {"refused": refusal.status, "reason": refusal.reason}
except LookAgain as unfinished:
    response.entity = {"look again": unfinished.reason}
