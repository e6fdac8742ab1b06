"""Rules with an API Gateway target: call, retry, dead letter.

Rule, target, path, parameters and the role's permission are the template's. The signature is a real one, of
made-up keys.
"""

from __future__ import annotations

import contextvars
import json
import logging
import os
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ConnectionError as ConnectionFailedError
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from cdk_app.sandbox.cloud.background import Background
from cdk_app.sandbox.cloud.delivery import api_target, dead_letters
from cdk_app.sandbox.cloud.delivery.api_target import ApiRequest, Failure, RetryPolicy
from cdk_app.sandbox.cloud.names import names
from cdk_app.sandbox.cloud.permissions import roles
from cdk_app.sandbox.cloud.permissions.roles import Session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

events = names(
    "services.eventbridge",
    functions=("_invoke_target", "_apply_input_transformer", "_pattern_event_view"),
)
responses = names("core.responses", functions=("get_region",))
_original_invoke = events._invoke_target

PARALLEL = 8
TIMEOUT_SECONDS = 30

logger = logging.getLogger(__name__)
_http = URLLib3Session(timeout=TIMEOUT_SECONDS, max_pool_connections=PARALLEL)
_credentials = Credentials("test", "test")
_clock = Background("event-retries")
_senders = ThreadPoolExecutor(PARALLEL, "event-delivery")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one target."""

    request: ApiRequest
    policy: RetryPolicy
    event: str
    rule_arn: str
    target_arn: str
    role_arn: str
    dead_letter_queue: str
    received: float

    @property
    def session(self) -> Session:
        """Who calls."""
        return Session(self.role_arn, "events.amazonaws.com", "EventBridge", self.rule_arn)

    @property
    def method_arn(self) -> str:
        """ARN of the method that is called, with the path as it is."""
        head, _, _ = self.target_arn.partition("/")
        path = urllib.parse.unquote(self.request.path.partition("?")[0])
        return f"{head}/{self.request.stage}/{self.request.method}{path}"


def send(request: ApiRequest) -> Failure | None:
    """Sign and send a request to this cloud; returns why it failed."""
    base = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/_aws/execute-api"
    url = f"{base}/{request.api_id}/{request.stage}{request.path}"
    unsigned = AWSRequest(request.method, url, dict(request.headers), request.body.encode())
    SigV4Auth(_credentials, "execute-api", responses.get_region()).add_auth(unsigned)
    try:
        answer = _http.send(unsigned.prepare())
    except (ConnectionFailedError, HTTPClientError) as error:
        return Failure("CONNECTION_FAILURE", str(error), retriable=True)
    return api_target.failure(answer.status_code, answer.text)


def _call(delivery: Delivery) -> Failure | None:
    try:
        roles.check(delivery.session, "execute-api:Invoke", delivery.method_arn)
    except roles.DeniedError as denied:
        return Failure("NO_PERMISSIONS", str(denied), retriable=False)
    return send(delivery.request)


def _attempt(delivery: Delivery, attempts: int) -> None:
    failed = _call(delivery)
    if failed is None:
        return
    pause = api_target.pause(attempts - 1)
    age = time.time() - delivery.received + pause
    condition = api_target.exhausted(delivery.policy, failed, attempts, age)
    if condition is None:
        _clock.after(pause, lambda: _hand_over(delivery, attempts + 1))
        return
    logger.warning("event for %s given up: %s %s", delivery.target_arn, failed.code, failed.message)
    if delivery.dead_letter_queue:
        attributes = api_target.dead_letter_attributes(
            delivery.rule_arn, delivery.target_arn, failed, attempts, condition
        )
        dead_letters.send(delivery.dead_letter_queue, delivery.rule_arn, delivery.event, attributes)


def _hand_over(delivery: Delivery, attempts: int) -> None:
    context = contextvars.copy_context()
    attempt = _senders.submit(context.run, _attempt, delivery, attempts)
    attempt.add_done_callback(_log_error)


def _log_error(attempt: Future[None]) -> None:
    error = attempt.exception()
    if error is not None:
        logger.error("an event could not be delivered", exc_info=error)


def _invoke_target(
    target: Mapping[str, Any],
    event: Mapping[str, Any],
    rule: Mapping[str, Any],
    view: Any = None,  # noqa: ANN401 - MiniStack's view of the event
) -> None:
    if not api_target.is_api(target.get("Arn", "")):
        _original_invoke(target, event, rule, view)
        return
    seen = view or events._pattern_event_view(event)
    whole = seen.event_with_detail()
    body = api_target.payload(
        target, whole, lambda transformer: events._apply_input_transformer(transformer, rule, seen)
    )
    delivery = Delivery(
        request=api_target.request(target, body),
        policy=api_target.retry_policy(target),
        event=json.dumps(whole),
        rule_arn=str(rule.get("Arn", "")),
        target_arn=target["Arn"],
        role_arn=target.get("RoleArn", ""),
        dead_letter_queue=(target.get("DeadLetterConfig") or {}).get("Arn", ""),
        received=time.time(),
    )
    _hand_over(delivery, attempts=1)


def install() -> None:
    """Put API Gateway targets in front of the ones that MiniStack knows."""
    events._invoke_target = _invoke_target
