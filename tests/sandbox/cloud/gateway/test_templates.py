from __future__ import annotations

import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_app.sandbox.cloud.gateway.calls import Call
from cdk_app.sandbox.cloud.gateway.templates import Util, render

CALL = Call(
    "api",
    "v1",
    "POST",
    "/groups/web%2F1/reconcile",
    headers={"x-group": "Web-1", "user-agent": "tests"},
    query={"dry": ["no", "yes"], "group": ["from query"]},
    route={
        "path_params": {"group": "web%2F1"},
        "request_id": "r-1",
        "resource_path": "/groups/{group}/reconcile",
        "stage": {"variables": {"colour": "blue"}},
    },
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.body", '{"a": {"b-c": [1, "zwei"]}}'),
        ("$input.path('$.a')['b-c'] $input.path('$.a')", '[1,"zwei"] {"b-c":[1,"zwei"]}'),
        ("$input.json('$.a')", '{"b-c":[1,"zwei"]}'),
        ("$input.json(\"$['a']['b-c'][1]\")", '"zwei"'),
        ("$input.json('$.missing')", "null"),
        ("[$input.path('$.missing')]", "[]"),
        ("$input.params('group')", "web/1"),
        ("$input.params('X-Group')", "Web-1"),
        ("$input.params('dry')", "yes"),
        ("$input.params('absent')", ""),
        ("$input.params().path.group $input.params().querystring.dry", "web/1 yes"),
        ("$input.params().header.get('x-group')", "Web-1"),
        ("$context.requestId $context.httpMethod $context.stage", "r-1 POST v1"),
        ("$context.resourcePath", "/groups/{group}/reconcile"),
        ("$context.identity.userAgent", "tests"),
        ("$stageVariables.colour", "blue"),
        ("$util.base64Decode($util.base64Encode('grün'))", "grün"),
        ("$util.parseJson('{\"x\": 5}').x", "5"),
        ("#foreach($i in $input.path('$.a')['b-c'])<$i>#end", "<1><zwei>"),
        ("#if($input.params('absent') == '')none#{else}some#end", "none"),
        ("#set($x = $input.path('$.a'))$x.get('b-c').size() $x.get('b-c').get(1)", "2 zwei"),
        ("#set($x = $input.path('$.a'))$x.containsKey('b-c') $x.isEmpty()", "true false"),
        ("#foreach($k in $input.path('$').keySet())$k#end", "a"),
    ],
)
def test_templates(template: str, expected: str) -> None:
    assert render(template, '{"a": {"b-c": [1, "zwei"]}}', CALL) == expected


def test_an_absent_body_is_an_empty_object() -> None:
    assert render("$input.body$input.json('$')", "", CALL) == "{}{}"


def test_further_context_comes_from_the_authorizer() -> None:
    assert render("$context.authorizer.who", "", CALL, {"authorizer": {"who": "me"}}) == "me"


def test_single_quotes_survive_javascript_escaping_as_aws_advises() -> None:
    template = """{"cause": "$util.escapeJavaScript($input.path('$.cause')).replaceAll("\\\\'","'")"}"""
    cause = 'it\'s "so"\n/ täglich \\ 100 %'
    assert json.loads(render(template, json.dumps({"cause": cause}))) == {"cause": cause}


@given(st.text())
def test_url_encoding_can_be_undone_and_is_form_safe(text: str) -> None:
    text = text.encode(errors="replace").decode()
    encoded = Util().urlEncode(text)
    assert urllib.parse.parse_qs(f"x={encoded}", keep_blank_values=True)["x"] == [text]
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*_+%")
    assert Util().urlDecode(encoded) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_javascript_escaping_gives_json_once_single_quotes_are_restored(text: str) -> None:
    escaped = Util().escapeJavaScript(text).replace("\\'", "'")
    assert json.loads(f'"{escaped}"') == text
    assert escaped.isascii()
