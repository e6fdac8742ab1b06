from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from cdk_app.sandbox.cloud import Cloud

    from ..making import Stack


def test_a_secrets_ref_is_its_arn_and_any_form_of_it_reads_the_value(
    cloud: Cloud, stack: Stack, name: str
) -> None:
    secrets = cloud.client("secretsmanager")
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": name, "SecretString": "one"}}
    stack.create({"Secret": secret}, {"Ref": {"Ref": "Secret"}})
    arn = stack.outputs["Ref"]
    assert arn.startswith(f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-")
    for form in (arn, arn[:-7], name):
        assert secrets.get_secret_value(SecretId=form)["SecretString"] == "one"
    secret["Properties"] = {"Name": name, "SecretString": "two"}
    stack.update({"Secret": secret}, {"Ref": {"Ref": "Secret"}})
    assert stack.outputs["Ref"] == arn
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "two"
    stack.delete()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.get_secret_value(SecretId=arn)


def test_an_archive_takes_its_pattern_as_object(cloud: Cloud, stack: Stack) -> None:
    events = cloud.client("events")
    bus = {"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}
    archive = {
        "Type": "AWS::Events::Archive",
        "Properties": {"SourceArn": bus, "EventPattern": {"source": ["demo"]}, "RetentionDays": 7},
    }
    stack.create({"Archive": archive}, {"Arn": {"Fn::GetAtt": ["Archive", "Arn"]}})
    archive_name = stack.physical_id("Archive")
    assert stack.outputs["Arn"].endswith(f":archive/{archive_name}")
    events.put_events(
        Entries=[
            {"Source": source, "DetailType": "t", "Detail": "{}", "EventBusName": "default"}
            for source in ("demo", "other")
        ]
    )
    assert events.describe_archive(ArchiveName=archive_name)["EventCount"] == 1
    archive["Properties"]["RetentionDays"] = 14  # type: ignore[index]  # a literal
    stack.update({"Archive": archive}, {"Arn": {"Fn::GetAtt": ["Archive", "Arn"]}})
    assert events.describe_archive(ArchiveName=archive_name)["RetentionDays"] == 14
    stack.delete()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.describe_archive(ArchiveName=archive_name)
