from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from tests.runtime.plugin.conftest import Call


def test_the_signature_is_the_sdks(call: Call) -> None:
    body = "Action=DescribeInstances&InstanceId.1=i-1234567890abcdef0&Version=2016-11-15"
    host = "ec2.us-west-2.amazonaws.com"
    signed = call(
        "signing.signed_headers",
        "AKIDEXAMPLE",
        "wJalr/+=k",
        "ec2",
        "us-west-2",
        host,
        body,
        "20261124T101530Z",
    )
    headers = signed["value"]

    request = AWSRequest("POST", f"https://{host}/", data=body)
    request.headers["Content-Type"] = headers["Content-Type"]
    request.headers["Host"] = host
    request.headers["X-Amz-Date"] = request.context["timestamp"] = "20261124T101530Z"
    sdk = SigV4Auth(Credentials("AKIDEXAMPLE", "wJalr/+=k"), "ec2", "us-west-2")
    signature = sdk.signature(sdk.string_to_sign(request, sdk.canonical_request(request)), request)
    assert headers["Authorization"].endswith(f"Signature={signature}")
    assert headers["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-west-2/ec2/aws4_request, SignedHeaders="
    )
