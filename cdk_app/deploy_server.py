"""Where Digital.ai Deploy is, and how to reach it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aws_cdk import Annotations

from cdk_app.options import check_no_text, readable
from cdk_app.secret_access import secret_id

if TYPE_CHECKING:
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm
    from constructs import Construct

__all__ = ["DeployServer"]

_EXAMPLE = "'https://deploy.example.com:4516'"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployServer:
    """Where Digital.ai Deploy is and who we are there.

    Parameters
    ----------
    url
        Base address, with or without a trailing ``/deployit``. Must be ``https`` unless
        `allow_plain_http` is set.
    credentials
        Secret holding ``{"username": …, "password": …}`` or, for a personal access token,
        ``{"token": …}``. Only its id reaches the functions; its value is in no template and no
        environment variable.
    allow_plain_http
        Accept an ``http`` address: the credentials then cross the network in the clear.
    private
        The server can be reached from the hub's network only: the functions run in its private subnets
        (- they run outside of any network of yours).
    ca_bundle
        SSM parameter with the PEM certificates to trust (- those that the functions' Python trusts).
    cloud_credentials
        Secret holding ``{"accesskey": …, "accessSecret": …}``, an access key for the AWS cloud connection in
        Deploy (- there is no cloud connection; the handler delivery needs none).
    proxy
        Address of an HTTP proxy between the functions and the server, such as
        ``http://proxy.example.com:3128`` (- none). AWS's own services are called directly.

    Raises
    ------
    ValueError
        If `url` or `proxy` is not an absolute http(s) address, has a user name in it, or `url` is plain
        http without the opt-in.
    TypeError
        If `credentials` or `ca_bundle` is text.
    """

    url: str
    credentials: secretsmanager.ISecret
    allow_plain_http: bool = False
    private: bool = False
    ca_bundle: ssm.IStringParameter | None = None
    cloud_credentials: secretsmanager.ISecret | None = None
    proxy: str | None = None

    def __post_init__(self) -> None:
        check_no_text(
            "credentials of the Deploy server",
            self.credentials,
            "a secret; import yours with Secret.from_secret_name_v2(…), or make one with DeployCredentials",
        )
        check_no_text(
            "ca_bundle of the Deploy server",
            self.ca_bundle,
            "a parameter; import yours with StringParameter.from_string_parameter_name(…)",
        )
        _check_address(
            "url of the Deploy server",
            self.url,
            _EXAMPLE,
            "put user and password into the credentials secret",
        )
        if self.proxy is not None:
            _check_address(
                "proxy of the Deploy server",
                self.proxy,
                "'http://proxy.example.com:3128'",
                "let the proxy admit the functions by their addresses",
            )
        if self._is_plain and not self.allow_plain_http:
            raise ValueError(
                f"url of the Deploy server: got {self.url!r}, expected https; "
                "pass allow_plain_http=True if credentials may cross this network in the clear"
            )

    @property
    def root(self) -> str:
        """The address without ``/deployit``, where the endpoints of plugins are."""
        return self.url.rstrip("/").removesuffix("/deployit")

    @property
    def ports(self) -> tuple[int, ...]:
        """TCP ports that the functions connect to, for a security group: server, and proxy if any."""
        return tuple(sorted({port for port in self._ports() if port is not None}))

    def warn(self, scope: Construct) -> None:
        """Warn of what is allowed and still a risk.

        Parameters
        ----------
        scope
            What has functions that talk to the server.
        """
        if self._is_plain:
            Annotations.of(scope).add_warning_v2(
                "deployed-auto-scaling-group:plainHttp",
                "Deploy is reached by plain http: its credentials cross the network in the clear",
            )
        if self.private and None in self._ports():
            Annotations.of(scope).add_warning_v2(
                "deployed-auto-scaling-group:unknownPort",
                "the port of Deploy is known only at deployment, so the functions' security group lets them "
                "connect to 443 and no other: let them with connections.allow_to_any_ipv4(…) of the hub, or "
                "write the port into the url",
            )

    @property
    def _is_plain(self) -> bool:
        return self.url.lower().startswith("http://")

    def _ports(self) -> list[int | None]:
        return [_port(each) for each in (self.url, self.proxy) if each is not None]

    def environment(self) -> dict[str, str]:
        """Return the variables by which a function knows the server. None of them is a secret."""
        variables = {
            "DEPLOY_URL": self.url,
            "DEPLOY_CREDENTIALS": secret_id(self.credentials),
        }
        if self.ca_bundle is not None:
            variables["DEPLOY_CA_BUNDLE"] = self.ca_bundle.parameter_name
        if self.proxy is not None:
            # Not the standard variables: those would send the calls to AWS the same way.
            variables["DEPLOY_PROXY"] = self.proxy
        return variables


def _check_address(what: str, url: str, example: str, login: str) -> None:
    known = readable(url)
    if _begins_unknown(url):
        return
    # First of all, and in the whole text: what is malformed may hold a password as well.
    if "@" in url:
        raise ValueError(f"{what}: got one with a user name in it, expected none; {login}")
    try:
        parts = urlsplit(known)
        valid = (
            not re.search(r"\s", known)
            and parts.scheme in {"http", "https"}
            and parts.hostname
            and not parts.query
            and not parts.fragment
        )
        _ = parts.port
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"{what}: got {url!r}, expected an address such as {example}")


def _begins_unknown(url: str) -> bool:
    return readable(url).startswith("0")


def _port(url: str) -> int | None:
    """Return the port of an address; None if it is known only at deployment."""
    if _begins_unknown(url):
        return None
    parts = urlsplit(readable(url))
    if parts.port is None:
        return 443 if parts.scheme == "https" else 80
    return parts.port or None
