from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..making import ACCOUNT, ROLE, bodies, make_queue

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud import Cloud

    from ..making import Stack

JSON = "application/json"
FORM = "'application/x-www-form-urlencoded'"


def call(
    cloud: Cloud,
    api: str,
    path: str,
    body: str = "",
    method: str = "POST",
    *,
    signed: bool = True,
    **headers: str,
) -> tuple[int, str]:
    """Call a stage of an API as a client would, and return status and body."""
    url = f"http://127.0.0.1:{cloud.port}/_aws/execute-api/{api}/v1{path}"
    sent = {"Content-Type": JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = AWSRequest(method, url, sent, body.encode())
    if signed:
        SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1").add_auth(request)
    signature = dict(request.prepare().headers.items())
    outgoing = urllib.request.Request(url, body.encode() or None, signature, method=method)
    try:
        with urllib.request.urlopen(outgoing, timeout=10) as answer:  # noqa: S310 - the cloud on this machine
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def api_resources(path: list[str], method: dict[str, Any]) -> dict[str, Any]:
    """A REST API with one method, deployed to the stage v1."""
    resources: dict[str, Any] = {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "api"}}}
    parent: dict[str, Any] = {"Fn::GetAtt": ["Api", "RootResourceId"]}
    for number, part in enumerate(path):
        resources[f"Path{number}"] = {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": parent, "PathPart": part},
        }
        parent = {"Ref": f"Path{number}"}
    common = {"RestApiId": {"Ref": "Api"}, "ResourceId": parent, "HttpMethod": "POST"}
    resources["Method"] = {"Type": "AWS::ApiGateway::Method", "Properties": {**common, **method}}
    resources["Deployment"] = {
        "Type": "AWS::ApiGateway::Deployment",
        "DependsOn": "Method",
        "Properties": {"RestApiId": {"Ref": "Api"}},
    }
    resources["Stage"] = {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "DeploymentId": {"Ref": "Deployment"},
            "StageName": "v1",
            "Variables": {"colour": "blue"},
        },
    }
    return resources


def sqs_integration(queue: str, template: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any property
    return {
        "Type": "AWS",
        "IntegrationHttpMethod": "POST",
        "Uri": f"arn:aws:apigateway:us-east-1:sqs:path/{ACCOUNT}/{queue}",
        "Credentials": ROLE,
        "PassthroughBehavior": "NEVER",
        "RequestParameters": {"integration.request.header.Content-Type": FORM},
        "RequestTemplates": {JSON: template},
        "IntegrationResponses": [
            {"StatusCode": "202", "ResponseTemplates": {JSON: '{"id": "$context.requestId"}'}},
            {"StatusCode": "400", "SelectionPattern": "4\\d{2}", "ResponseTemplates": {JSON: "refused"}},
        ],
        **more,
    }


def test_a_request_becomes_a_message_of_its_group(cloud: Cloud, stack: Stack, name: str) -> None:
    url, _ = make_queue(cloud, f"{name}.fifo", FifoQueue="true")
    template = (
        "Action=SendMessage&MessageGroupId=$util.urlEncode($input.params('group'))"
        "&MessageDeduplicationId=$context.requestId&MessageBody=$util.urlEncode($input.body)"
    )
    method = {
        "AuthorizationType": "AWS_IAM",
        "Integration": sqs_integration(f"{name}.fifo", template),
    }
    stack.create(api_resources(["groups", "{group}", "reconcile"], method))
    api = stack.physical_id("Api")
    body = json.dumps({"Cause": 'it\'s 50 % & "more"\n/ä'})
    status, answer = call(cloud, api, "/groups/Web-1/reconcile", body)
    assert status == 202
    assert json.loads(answer)["id"]
    message = cloud.client("sqs").receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"][0]
    assert message["Body"] == body
    assert message["Attributes"]["MessageGroupId"] == "Web-1"
    assert message["Attributes"]["MessageDeduplicationId"] == json.loads(answer)["id"]
    assert call(cloud, api, "/groups/Web-1/reconcile", body, signed=False)[0] == 403


@pytest.mark.parametrize(
    "lacking",
    [{"Credentials": ""}, {"Credentials": f"{ROLE}-missing"}, {"RequestParameters": {}}],
)
def test_what_sqs_would_refuse_is_refused(
    cloud: Cloud, stack: Stack, name: str, lacking: dict[str, Any]
) -> None:
    url, _ = make_queue(cloud, name)
    integration = sqs_integration(name, "Action=SendMessage&MessageBody=x", **lacking)
    stack.create(api_resources(["events"], {"AuthorizationType": "NONE", "Integration": integration}))
    assert call(cloud, stack.physical_id("Api"), "/events", "{}") == (400, "refused")
    assert bodies(cloud, url) == []


def test_bad_requests_are_answered_in_awss_words(cloud: Cloud, stack: Stack, name: str) -> None:
    make_queue(cloud, name)
    resources = api_resources(
        ["events"],
        {
            "AuthorizationType": "NONE",
            "RequestParameters": {"method.request.header.X-Group": True},
            "RequestModels": {JSON: {"Ref": "Model"}},
            "RequestValidatorId": {"Ref": "Validator"},
            "Integration": sqs_integration(name, "Action=SendMessage&MessageBody=x"),
        },
    )
    resources["Model"] = {
        "Type": "AWS::ApiGateway::Model",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ContentType": JSON,
            "Schema": {
                "type": "object",
                "required": ["id", "detail"],
                "properties": {"detail": {"type": "object", "required": ["EC2InstanceId"]}},
            },
        },
    }
    resources["Validator"] = {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ValidateRequestBody": True,
            "ValidateRequestParameters": True,
        },
    }
    stack.create(resources)
    api = stack.physical_id("Api")
    good = json.dumps({"id": "1", "detail": {"EC2InstanceId": "i-1"}})
    assert call(cloud, api, "/events", good, X_Group="web")[0] == 202
    status, answer = call(cloud, api, "/events", good)
    assert (status, json.loads(answer)["message"]) == (400, "Missing required request parameters: [X-Group]")
    for bad in ("no json", "{}", json.dumps({"id": "1", "detail": {}})):
        status, answer = call(cloud, api, "/events", bad, X_Group="web")
        assert (status, json.loads(answer)["message"]) == (400, "Invalid request body")


@pytest.fixture
def backend() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A HTTP server that answers 200, or 500 for bodies with "fail", and what it received."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            received.append(
                {"path": self.path, "body": body, "headers": {k.lower(): v for k, v in self.headers.items()}}
            )
            self.send_response(500 if "fail" in body else 200)
            self.send_header("Content-Type", JSON)
            self.end_headers()
            self.wfile.write(b'{"answer": 42}')

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", received
    server.shutdown()
    server.server_close()


def test_a_http_integration_sends_what_its_mappings_say(
    cloud: Cloud, stack: Stack, backend: tuple[str, list[dict[str, Any]]]
) -> None:
    url, received = backend
    integration = {
        "Type": "HTTP",
        "IntegrationHttpMethod": "PUT",
        "Uri": f"{url}/deployit/{{where}}",
        "RequestParameters": {
            "integration.request.path.where": "method.request.path.group",
            "integration.request.querystring.colour": "stageVariables.colour",
            "integration.request.header.Authorization": "'Basic secret'",
            "integration.request.header.X-Request": "context.requestId",
        },
        "RequestTemplates": {JSON: "{\"seen\": $input.json('$.x')}"},
        "IntegrationResponses": [
            {"StatusCode": "200", "ResponseTemplates": {JSON: "{\"got\": $input.json('$.answer')}"}},
            {"StatusCode": "502", "SelectionPattern": "5\\d{2}"},
        ],
    }
    method = {
        "AuthorizationType": "NONE",
        "RequestParameters": {"method.request.path.group": True},
        "Integration": integration,
    }
    stack.create(api_resources(["{group}"], method))
    api = stack.physical_id("Api")
    assert call(cloud, api, "/web?other=1", '{"x": [1]}', X_Other="no") == (200, '{"got": 42}')
    (request,) = received
    assert (request["path"], request["body"]) == ("/deployit/web?colour=blue", '{"seen": [1]}')
    assert request["headers"]["authorization"] == "Basic secret"
    assert request["headers"]["x-request"]
    assert "x-other" not in request["headers"]
    assert call(cloud, api, "/web", '{"x": "fail"}')[0] == 502


def test_a_backend_that_cannot_be_reached_is_a_gateway_timeout(cloud: Cloud, stack: Stack) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        integration = {
            "Type": "HTTP",
            "IntegrationHttpMethod": "POST",
            "Uri": f"http://127.0.0.1:{nobody.getsockname()[1]}/",
            "IntegrationResponses": [{"StatusCode": "503"}],
        }
        stack.create(api_resources(["x"], {"AuthorizationType": "NONE", "Integration": integration}))
        status, answer = call(cloud, stack.physical_id("Api"), "/x", "{}")
    assert (status, json.loads(answer)["message"]) == (504, "Network error communicating with endpoint")


def test_a_http_proxy_passes_everything_on(
    cloud: Cloud, stack: Stack, backend: tuple[str, list[dict[str, Any]]]
) -> None:
    url, received = backend
    integration = {
        "Type": "HTTP_PROXY",
        "IntegrationHttpMethod": "PUT",
        "Uri": f"{url}/{{group}}",
        "RequestParameters": {"integration.request.path.group": "method.request.path.group"},
    }
    stack.create(api_resources(["{group}"], {"AuthorizationType": "NONE", "Integration": integration}))
    status, answer = call(cloud, stack.physical_id("Api"), "/web?a=1", '{"x": 1}', X_Other="yes")
    assert (status, json.loads(answer)) == (200, {"answer": 42})
    (request,) = received
    assert (request["path"], request["body"]) == ("/web?a=1", '{"x": 1}')
    assert request["headers"]["x-other"] == "yes"


def test_a_mock_renders_its_templates(cloud: Cloud, stack: Stack) -> None:
    integration = {
        "Type": "MOCK",
        "RequestTemplates": {
            JSON: "#if($input.params('well') == 'no'){\"statusCode\": 503}#{else}{\"statusCode\": 200}#end"
        },
        "IntegrationResponses": [
            {"StatusCode": "200", "ResponseTemplates": {JSON: '{"stage": "$context.stage"}'}},
            {"StatusCode": "503", "SelectionPattern": "503", "ResponseTemplates": {JSON: '{"stage": null}'}},
        ],
    }
    stack.create(api_resources(["health"], {"AuthorizationType": "NONE", "Integration": integration}))
    api = stack.physical_id("Api")
    assert call(cloud, api, "/health", "{}") == (200, '{"stage": "v1"}')
    assert call(cloud, api, "/health?well=no", "{}") == (503, '{"stage": null}')
