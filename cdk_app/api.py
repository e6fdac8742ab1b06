"""The authenticated front door of the queue, for the events' rules, people and pipelines."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.acknowledgements import acknowledge

__all__ = ["EVENT_SCHEMA", "HintApi", "mapping_template", "rest_api"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"

EVENT_SCHEMA = apigateway.JsonSchema(
    schema=apigateway.JsonSchemaVersion.DRAFT4,
    title="An event of Amazon EC2 Auto Scaling as EventBridge delivers it",
    type=apigateway.JsonSchemaType.OBJECT,
    required=["id", "detail-type", "source", "detail"],
    properties={
        # What SQS takes as deduplication id.
        "id": apigateway.JsonSchema(type=apigateway.JsonSchemaType.STRING, pattern="^[A-Za-z0-9-]{1,128}$"),
        "detail-type": apigateway.JsonSchema(type=apigateway.JsonSchemaType.STRING),
        "source": apigateway.JsonSchema(type=apigateway.JsonSchemaType.STRING),
        "detail": apigateway.JsonSchema(
            type=apigateway.JsonSchemaType.OBJECT,
            required=["AutoScalingGroupName", "EC2InstanceId"],
            properties={
                "AutoScalingGroupName": apigateway.JsonSchema(
                    type=apigateway.JsonSchemaType.STRING, min_length=1, max_length=255
                ),
                "EC2InstanceId": apigateway.JsonSchema(type=apigateway.JsonSchemaType.STRING, min_length=1),
            },
        ),
    },
)


_ACCEPTED = {
    "AwsSolutions-APIG1": "Access logs need a role that the whole account shares, which is not ours to set.",
    "AwsSolutions-APIG3": "Every call is signed by a principal of the account's own; no browser comes here.",
    "AwsSolutions-APIG6": "Execution logs need a role that the whole account shares, not ours to set.",
    "AwsSolutions-COG4": "The callers are roles (of rules, pipelines, people), so IAM authorizes them.",
}
"""Findings that are right as they are, each with its reason."""


def mapping_template(name: str) -> str:
    """Return a mapping template by its file's name, joined to the one line that a form is."""
    lines = (_TEMPLATES / f"{name}.vtl").read_text(encoding="utf-8").splitlines()
    return "".join(line for line in lines if not line.startswith("##"))


def rest_api(
    scope: Construct, *, name: str, description: str, tracing: bool, rate_limit: int, burst_limit: int
) -> apigateway.RestApi:
    """Return a regional REST API whose methods want a signature, as the resource of a construct.

    Parameters
    ----------
    name
        Its name in the console, and in CloudWatch, where APIs of one name would share their metrics.
    rate_limit, burst_limit
        Calls per second on average, and at once; more are answered 429, which EventBridge tries again.
    """
    api = apigateway.RestApi(
        scope,
        "Resource",
        rest_api_name=name,
        description=description,
        # Account-wide and not ours to set.
        cloud_watch_role=False,
        endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
        default_method_options=apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM),
        deploy_options=apigateway.StageOptions(
            stage_name="v1",
            throttling_rate_limit=rate_limit,
            throttling_burst_limit=burst_limit,
            tracing_enabled=tracing,
        ),
    )
    for finding, reason in _ACCEPTED.items():
        acknowledge(api, finding, reason)
    # The output that RestApi adds of its own has no readable name; stacks add what they want to show.
    api.node.try_remove_child("Endpoint")
    return api


class HintApi(Construct):
    """Regional REST API with IAM authorization: ``POST /groups/{group}/events`` and ``…/reconcile``.

    Both put the body into the queue, under the group's key as message group. Answers: 202 accepted, 400
    malformed (EventBridge then dead-letters), 503 queue not available (EventBridge then retries).

    Parameters
    ----------
    name
        Its name.
    queue
        Queue of hints.
    tracing
        Send traces to X-Ray.

    Attributes
    ----------
    api : aws_cdk.aws_apigateway.RestApi
        The API.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, queue: sqs.IQueue, tracing: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self._queue = queue
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"))
        queue.grant_send_messages(self._role)
        self.api = rest_api(
            self,
            name=name,
            description="Hints for the reconciler of applications on Auto Scaling groups",
            tracing=tracing,
            rate_limit=100,
            burst_limit=1000,
        )
        group = self.api.root.add_resource("groups").add_resource("{group}")
        self._post(
            group.add_resource("events"),
            template="events",
            model=self.api.add_model("Event", schema=EVENT_SCHEMA),
        )
        self._post(group.add_resource("reconcile"), template="reconcile")

    def _post(
        self,
        resource: apigateway.IResource,
        *,
        template: str,
        model: apigateway.IModel | None = None,
    ) -> None:
        statuses = {"202": "", "400": r"4\d{2}", "503": r"5\d{2}"}
        answers = {
            "202": '{"accepted":true}',
            "400": '{"message":"the queue refused the hint"}',
            "503": '{"message":"the queue is not available, try again"}',
        }
        integration = apigateway.AwsIntegration(
            service="sqs",
            path=f"{Stack.of(self).account}/{self._queue.queue_name}",
            integration_http_method="POST",
            options=apigateway.IntegrationOptions(
                credentials_role=self._role,
                passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
                request_parameters={
                    "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"
                },
                request_templates={"application/json": mapping_template(template)},
                integration_responses=[
                    apigateway.IntegrationResponse(
                        status_code=status,
                        selection_pattern=pattern or None,
                        response_templates={"application/json": answers[status]},
                    )
                    for status, pattern in statuses.items()
                ],
            ),
        )
        resource.add_method(
            "POST",
            integration,
            request_parameters={"method.request.path.group": True},
            request_models={"application/json": model} if model else None,
            # Not by options of the method: without a feature flag those cannot be made twice.
            request_validator=apigateway.RequestValidator(
                self,
                f"{template.capitalize()}Validator",
                rest_api=self.api,
                validate_request_body=model is not None,
                validate_request_parameters=True,
            ),
            method_responses=[apigateway.MethodResponse(status_code=status) for status in statuses],
        )
