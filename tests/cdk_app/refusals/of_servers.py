"""What `DeployServer` refuses."""

from __future__ import annotations

from tests.cdk_app.refusals.attempts import Refusals, deploy

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
}
