"""Log in to machines of the sandbox with a plain SSH client, as an outsider would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from cdk_app.sandbox.network import SshNetwork

BASTION_USER = "jump"
INSTANCE_USER = "ec2-user"


class Login:
    """SSH log-ins from outside the VPC.

    Parameters
    ----------
    network
        Carries the connections; it decides by the security groups and routes in the cloud.
    private_key
        The key pair's private key, OpenSSH format.
    """

    def __init__(self, network: SshNetwork, private_key: str) -> None:
        self._network = network
        self._key = asyncssh.import_private_key(private_key)

    def direct(self, address: str) -> bool:
        """Tell whether an instance can be logged in to without the bastion."""

        async def attempt() -> bool:
            try:
                connection = await self._connect(address, INSTANCE_USER)
            except OSError:
                return False
            connection.close()
            return True

        return asyncio.run(attempt())

    def through(self, bastion: str, address: str) -> bool:
        """Tell whether an instance can be logged in to through the bastion, and runs a command."""

        async def attempt() -> bool:
            tunnel = await self._connect(bastion, BASTION_USER)
            try:
                instance = await asyncssh.connect(
                    address,
                    tunnel=tunnel,
                    username=INSTANCE_USER,
                    client_keys=[self._key],
                    known_hosts=None,
                    config=None,
                    agent_path=None,
                )
                return (await instance.run("true")).exit_status == 0
            finally:
                tunnel.close()

        return asyncio.run(attempt())

    def shell_on(self, bastion: str) -> bool:
        """Tell whether the bastion runs a command for the jump user."""

        async def attempt() -> bool:
            connection = await self._connect(bastion, BASTION_USER)
            try:
                return (await connection.run("true")).exit_status == 0
            except asyncssh.Error:
                return False
            finally:
                connection.close()

        return asyncio.run(attempt())

    async def _connect(self, address: str, username: str) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            address,
            sock=await self._network.connect(address, 22),
            username=username,
            client_keys=[self._key],
            known_hosts=None,
            config=None,
            agent_path=None,
        )
