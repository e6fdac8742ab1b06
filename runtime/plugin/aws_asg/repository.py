"""Reads templates, servers and clouds by the services that Deploy gives to its own scripts.

Only so are secrets readable: the REST API shows them encrypted. How scripts get them is not documented;
public plugins both use values as they are and decrypt them by `PasswordEncrypter`, so both are done here.
"""

from com.xebialabs.deployit.plugin.api.reflect import Type
from com.xebialabs.deployit.util import PasswordEncrypter

from aws_asg import groups, hosts
from aws_asg.outcomes import Refused

_REFERENCES = ("jumpstation", "credentials", "satellite", "environment", "server", "cloud")
_COLLECTIONS = ("tags",)


class Repository(object):
    """What the scripts read.

    Parameters
    ----------
    service
        Deploy's ``repositoryService``, which answers with the permissions of the caller.
    """

    def __init__(self, service):
        self._service = service

    def templates(self):
        """Return all template CIs as dicts of their set properties."""
        kind = Type.valueOf(groups.TEMPLATE_TYPE)
        found = self._service.query(kind, None, None, None, None, None, 0, -1)
        return [self._read(ci.getId(), groups.SETTINGS + hosts.COPIED) for ci in found]

    def server(self, ci_id):
        """Return a ``deploy.server`` as dict."""
        server = self._read(ci_id, ("url", "username", "password", "token", "certificates"))
        if not server.get("token") and not (server.get("username") and server.get("password")):
            raise Refused(422, "%s: no token, and no username with password; set them there" % ci_id)
        return self._readable(server, ("password", "token"))

    def cloud(self, ci_id):
        """Return an ``aws.Cloud`` as dict."""
        cloud = self._read(ci_id, ("accesskey", "accessSecret"))
        if not cloud.get("accesskey") or not cloud.get("accessSecret"):
            raise Refused(422, "%s: no accesskey with accessSecret; set them there" % ci_id)
        return self._readable(cloud, ("accessSecret",))

    def _read(self, ci_id, names):
        ci = self._service.read(ci_id)
        found = {"id": ci.getId()}
        for name in names:
            value = ci.getProperty(name)
            if value is None:
                continue
            if name in _REFERENCES:
                value = value.getId()
            elif name in _COLLECTIONS:
                value = sorted(value)
            elif name in hosts.SECRETS + ("token", "accessSecret"):
                value = _in_clear(value)
            found[name] = value
        return found

    def _readable(self, found, names):
        for name in names:
            if found.get(name) and not found[name].strip("*"):
                raise Refused(422, "%s: this server does not show scripts its %s" % (found["id"], name))
        return found


def _in_clear(value):
    encrypter = PasswordEncrypter.getInstance()
    return encrypter.decrypt(value) if encrypter.isEncrypted(value) else value
