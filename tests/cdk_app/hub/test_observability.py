"""Alarms, dashboard and traces of a hub."""

from __future__ import annotations

import json

import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from runtime import observability
from tests.cdk_app.cases import new_stack
from tests.cdk_app.hub.built import hub_in
from tests.cdk_app.references import written


class TestObservability:
    def test_every_metric_that_needs_a_person_has_an_alarm(self) -> None:
        stack = new_stack()
        hub = hub_in(stack)
        built = Template.from_stack(stack)
        service = f"{hub.id}-reconciler"
        watched = {
            alarm["Properties"]["MetricName"]
            for alarm in built.find_resources("AWS::CloudWatch::Alarm").values()
            if alarm["Properties"]["Namespace"] == "DeployedAutoScalingGroup"
        }
        assert watched == set(observability.ALARMING)
        built.has_resource_properties(
            "AWS::CloudWatch::Alarm",
            {
                "MetricName": "BreakersOpen",
                "Dimensions": [{"Name": "service", "Value": service}],
                "Threshold": 1,
                "Statistic": "Sum",
                "TreatMissingData": "notBreaching",
            },
        )
        built.has_resource_properties(
            "AWS::Lambda::Function",
            {"Environment": {"Variables": Match.object_like({"POWERTOOLS_SERVICE_NAME": service})}},
        )

    def test_metrics_on_the_dashboard_are_the_reconcilers(self) -> None:
        stack = new_stack()
        hub = hub_in(stack)
        (board,) = Template.from_stack(stack).find_resources("AWS::CloudWatch::Dashboard").values()
        body = json.loads(written(board["Properties"]["DashboardBody"]))
        shown = {
            metric[1]
            for widget in body["widgets"]
            for metric in widget["properties"].get("metrics", [])
            if metric[0] == "DeployedAutoScalingGroup"
        }
        assert shown
        assert shown <= set(observability.METRICS)
        assert isinstance(hub.metric("HostsRegistered"), cloudwatch.Metric)

    def test_alarms_are_sent_to_a_topic_of_yours(self) -> None:
        stack = new_stack()
        hub = hub_in(
            stack,
            alarm_topic=sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111111111111:ops"),
        )
        built = Template.from_stack(stack)
        alarms = built.find_resources("AWS::CloudWatch::Alarm").values()
        assert len(alarms) == len(hub.observability.alarms)
        assert all(
            alarm["Properties"]["AlarmActions"] == ["arn:aws:sns:eu-west-1:111111111111:ops"]
            for alarm in alarms
        )
        built.resource_count_is("AWS::SNS::Topic", 0)

    def test_alarms_are_mailed_when_addresses_are_given(self) -> None:
        stack = new_stack()
        hub_in(stack, alarm_emails=["a@example.com", "b@example.com"])
        built = Template.from_stack(stack)
        built.resource_count_is("AWS::SNS::Subscription", 2)
        built.has_resource_properties(
            "AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": "a@example.com"}
        )

    @pytest.mark.parametrize("tracing", [True, False])
    def test_tracing_is_a_choice(self, tracing: bool) -> None:
        stack = new_stack()
        hub_in(stack, tracing=tracing)
        built = Template.from_stack(stack)
        modes = {
            function["Properties"].get("TracingConfig", {}).get("Mode", "PassThrough")
            for function in built.find_resources("AWS::Lambda::Function").values()
            if function["Properties"]["Handler"].startswith("runtime.")
        }
        assert modes == {"Active" if tracing else "PassThrough"}
        built.has_resource_properties("AWS::ApiGateway::Stage", {"TracingEnabled": tracing})
