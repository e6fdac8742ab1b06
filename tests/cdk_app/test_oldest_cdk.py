"""The oldest CDK that `pyproject.toml` admits makes the same templates as the locked one."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from typing import Any

import pytest

from tests.cdk_app.cases import CASES, ROOT, Case, Template, synthesize
from tests.cdk_app.references import referred

ENVIRONMENT = ROOT / ".cache" / "oldest"
REQUIREMENTS = "requirements-oldest.txt"
PROGRAM = """
import json
from tests.cdk_app.cases import CASES, synthesize
print(json.dumps({case.name: synthesize(case) for case in CASES}))
"""


@pytest.fixture(scope="module")
def oldest() -> dict[str, dict[str, Template]]:
    """Return the templates of all cases, made by the oldest CDK in an environment of its own."""
    if not (ENVIRONMENT / ".done").exists():
        pytest.skip(f"the oldest CDK is not here: `make install` found no packages for {REQUIREMENTS}")
    run = subprocess.run(  # noqa: S603 - our own program
        [ENVIRONMENT / "bin" / "python", "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    made: dict[str, dict[str, Template]] = json.loads(run.stdout)
    return made


def test_it_is_the_oldest_that_is_admitted() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / REQUIREMENTS).read_text(), flags=re.MULTILINE))
    for dependency in project["dependencies"]:
        name, _, versions = dependency.partition(">=")
        assert pinned[name] == versions.partition(",")[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_templates_are_those_of_the_locked_cdk(oldest: dict[str, dict[str, Template]], case: Case) -> None:
    assert meant(oldest[case.name]) == meant(synthesize(case))


def meant(templates: dict[str, Template]) -> dict[str, Any]:
    """Return a case's templates without what each version of CDK does in its own way."""
    made: dict[str, Any] = direct(templates, templates)
    for template in made.values():
        used = set(referred([template["Resources"], template.get("Outputs")]))
        template["Parameters"] = {name for name in template.get("Parameters", {}) if name in used}
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            match resource["Type"], properties:
                case "AWS::Lambda::Function", {"Handler": "framework.onEvent"}:
                    # CDK's own function, by its version of Node.
                    del properties["Runtime"], properties["Code"]
                case "AWS::CloudWatch::Dashboard", _:
                    # A dashboard could not be tagged once.
                    properties.pop("Tags", None)
    return made


def direct(value: Any, templates: dict[str, Template]) -> Any:  # noqa: ANN401 - JSON
    """Return a value with what references to other stacks lead to, without the exports in between."""
    match value:
        case {"Fn::ImportValue": str(name)}:
            stack, _, output = name.partition(":")
            return {"of": stack, "value": templates[stack]["Outputs"][output]["Value"]}
        case {"Fn::GetStackOutput": {"StackName": str(stack), "OutputName": str(output)}}:
            return {"of": stack, "value": templates[stack]["Outputs"][output]["Value"]}
        case dict():
            return {
                name: direct(each, templates)
                for name, each in value.items()
                if not name.startswith(("ExportsOutput", "PublishOutput"))
            }
        case list():
            return [direct(each, templates) for each in value]
        case _:
            return value
