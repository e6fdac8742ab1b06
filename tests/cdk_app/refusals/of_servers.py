"""What `DeployServer` refuses."""

from __future__ import annotations

import aws_cdk as cdk

from cdk_app import DeployCredentials
from tests.cdk_app.refusals.attempts import Refusals, deploy, unique

REFUSED: Refusals = {
    "no address": (
        lambda stack: deploy(stack, url="deploy.example.com"),
        "url of the Deploy server: got 'deploy.example.com', expected an address such as "
        "'https://deploy.example.com:4516'",
    ),
    "no port number": (
        lambda stack: deploy(stack, url="https://deploy.example.com:port"),
        "url of the Deploy server: got 'https://deploy.example.com:port', expected an address such as "
        "'https://deploy.example.com:4516'",
    ),
    "user in the address": (
        lambda stack: deploy(stack, url="https://admin:secret@deploy.example.com"),
        "url of the Deploy server: got one with a user name in it, expected none; "
        "put user and password into the credentials secret",
    ),
    "user in what is no address": (
        lambda stack: deploy(stack, url="admin:secret@deploy.example.com:port"),
        "url of the Deploy server: got one with a user name in it, expected none; "
        "put user and password into the credentials secret",
    ),
    "user in the proxy's address": (
        lambda stack: deploy(stack, proxy="http://admin:secret@proxy:3128"),
        "proxy of the Deploy server: got one with a user name in it, expected none; "
        "let the proxy admit the functions by their addresses",
    ),
    "plain http": (
        lambda stack: deploy(stack, url="http://deploy.example.com:4516"),
        "url of the Deploy server: got 'http://deploy.example.com:4516', expected https; "
        "pass allow_plain_http=True if credentials may cross this network in the clear",
    ),
    "proxy": (
        lambda stack: deploy(stack, proxy="proxy:3128"),
        "proxy of the Deploy server: got 'proxy:3128', expected an address such as "
        "'http://proxy.example.com:3128'",
    ),
    "text for the credentials": (
        lambda stack: deploy(stack, credentials="hunter2"),
        "credentials of the Deploy server: got text, expected a secret; import yours with "
        "Secret.from_secret_name_v2(…), or make one with DeployCredentials",
    ),
    "no address around a host that deployment knows": (
        lambda stack: deploy(stack, url=f"ftp://{cdk.Fn.import_value('Host')}:4516"),
        "url of the Deploy server: got 'ftp://<token>:4516', expected an address such as "
        "'https://deploy.example.com:4516'",
    ),
    "credentials in a nested stack": (
        lambda stack: DeployCredentials(cdk.NestedStack(stack, "Nested"), "Account"),
        "stack of Stack/Nested/Account: got a nested one, whose parameters nobody is asked for, expected one "
        "that is deployed by itself; make it in the parent stack and pass its .secret",
    ),
    "credentials of nobody": (
        lambda stack: DeployCredentials(stack, unique("Account"), username=""),
        "username: got '', expected the name of an account in Deploy; leave it out for a token",
    ),
    "plain http in capitals": (
        lambda stack: deploy(stack, url="HTTP://deploy.example.com:4516"),
        "url of the Deploy server: got 'HTTP://deploy.example.com:4516', expected https; "
        "pass allow_plain_http=True if credentials may cross this network in the clear",
    ),
    "space around the address": (
        lambda stack: deploy(stack, url=" https://deploy.example.com:4516"),
        "url of the Deploy server: got ' https://deploy.example.com:4516', expected an address such as "
        "'https://deploy.example.com:4516'",
    ),
    "text for the certificates": (
        lambda stack: deploy(stack, ca_bundle="/trust/ca"),
        "ca_bundle of the Deploy server: got text, expected a parameter; import yours with "
        "StringParameter.from_string_parameter_name(…)",
    ),
}
