"""Signs requests to AWS: Signature Version 4, as "AWS Signature Version 4 for API requests" describes it."""

import hashlib
import hmac

_ALGORITHM = "AWS4-HMAC-SHA256"


def signed_headers(key_id, secret, service, region, host, body, time):
    """Return the headers of a signed ``POST /`` with a form as its body.

    Parameters
    ----------
    key_id, secret
        An access key.
    service, region
        What the signature is for, such as ``ec2`` and ``us-east-1``.
    host
        Value of the ``Host`` header, with the port unless it is the scheme's own.
    body
        The form, ASCII.
    time
        UTC as ``20261124T101530Z``.
    """
    content_type = "application/x-www-form-urlencoded; charset=utf-8"
    names = "content-type;host;x-amz-date"
    request = "POST\n/\n\ncontent-type:%s\nhost:%s\nx-amz-date:%s\n\n%s\n%s" % (
        content_type,
        host,
        time,
        names,
        hashlib.sha256(body.encode("ascii")).hexdigest(),
    )
    scope = "%s/%s/%s/aws4_request" % (time[:8], region, service)
    to_sign = "%s\n%s\n%s\n%s" % (
        _ALGORITHM,
        time,
        scope,
        hashlib.sha256(request.encode("utf-8")).hexdigest(),
    )
    key = ("AWS4" + secret).encode("utf-8")
    for part in (time[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode("utf-8"), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode("utf-8"), hashlib.sha256).hexdigest()
    return {
        "Content-Type": content_type,
        "X-Amz-Date": time,
        "Authorization": "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s"
        % (_ALGORITHM, key_id, scope, names, signature),
    }
