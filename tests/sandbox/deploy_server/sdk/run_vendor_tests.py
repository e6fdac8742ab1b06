"""Runs the test files inside the vendor's SDK, unchanged, against the server on a port.

Prints one JSON object: outcome by test. The files are written for a server at localhost:4516, which may be
taken, so this port leads to another one here. Half of the methods are named ``…_test``, which unittest does
not find by itself.
"""

from __future__ import annotations

import json
import sys
import unittest
from pathlib import Path

import xldeploy


class _Loader(unittest.TestLoader):
    def getTestCaseNames(self, testCaseClass: type[unittest.TestCase]) -> list[str]:  # noqa: N802, N803 - unittest's
        return [name for name in dir(testCaseClass) if name.startswith("test_") or name.endswith("_test")]


class _Outcomes(unittest.TestResult):
    def __init__(self) -> None:
        super().__init__()
        self.by_test: dict[str, str] = {}

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        super().startTest(test)
        self.by_test[_name(test)] = "passed"

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        super().stopTest(test)
        for failed, trace in (*self.failures, *self.errors):
            self.by_test[_name(failed)] = trace.strip().rpartition("\n")[2]


def _name(test: unittest.TestCase) -> str:
    return ".".join(test.id().split(".")[-2:])


def main(port: str) -> None:
    """Run all tests."""
    initialise = xldeploy.Config.__init__

    def redirected(config: xldeploy.Config, **arguments: object) -> None:
        initialise(config, **{**arguments, "port": port})

    xldeploy.Config.__init__ = redirected
    outcomes = _Outcomes()
    files = (Path(xldeploy.__file__).parent / "tests").glob("*_test.py")
    # Last those that break off before their clean-up: what they leave behind is in the way of all others.
    names = sorted(
        (f"xldeploy.tests.{file.stem}" for file in files), key=lambda name: ("deployfile" in name, name)
    )
    _Loader().loadTestsFromNames(names).run(outcomes)
    print(json.dumps(outcomes.by_test))  # noqa: T201 - this is the interface


if __name__ == "__main__":
    main(sys.argv[1])
