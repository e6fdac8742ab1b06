"""The part of Deploy's API that scripts see, as far as public sources show it. Python 2.7 (Jython).

Attested by the vendor's javadoc of ``JythonRequest`` and ``JythonResponse`` and by public plugins: see
``docs/deploy-server.md``. Java classes on the real server; here their names lead to classes of Python.
"""

import sys
import threading
import types

_current = threading.local()


class Calls(object):
    """Calls of the server on behalf of one request."""

    def __init__(self, channel, run):
        self._channel = channel
        self._run = run

    def __call__(self, service, *arguments):
        return self._channel.call(self._run, service, list(arguments))


def set_calls(calls):
    """Remember whose request the current thread handles."""
    _current.calls = calls


class Request(object):
    """The parsed body and the query's parameters. Whether scripts see headers is not known: they do not."""

    def __init__(self, fields):
        self.entity = fields["entity"]
        self.query = fields["query"]

    def getEntity(self):
        return self.entity

    def getQuery(self):
        return self.query


class Response(object):
    """What the script answers."""

    def __init__(self):
        self.entity = None
        self.statusCode = None
        self.headers = {}

    def setEntity(self, entity):
        self.entity = entity

    def setStatusCode(self, status):
        self.statusCode = status


class Logger(object):
    """Writes to the script's standard error."""

    def __init__(self, stream):
        self._stream = stream

    def _log(self, message, *_):
        self._stream.write("%s\n" % message)

    debug = info = warn = error = _log


class NotFoundException(Exception):
    """No such configuration item."""


class PermissionDeniedException(Exception):
    """The caller may not do this."""


class DeployitException(Exception):
    """Any other refusal."""


_ERRORS = dict((kind.__name__, kind) for kind in (NotFoundException, PermissionDeniedException))


def error(name, message):
    """Return the exception of a class name."""
    return _ERRORS.get(name, DeployitException)(message)


class Type(object):
    """A type of configuration item."""

    def __init__(self, name):
        self._name = name

    @staticmethod
    def valueOf(name):
        return Type(_current.calls("type", name))

    def getDescriptor(self):
        return Descriptor(self)

    def __str__(self):
        return self._name

    def __eq__(self, other):
        return str(self) == str(other)


class Descriptor(object):
    """Makes items of a type."""

    def __init__(self, kind):
        self._kind = kind

    def newInstance(self, ci_id):
        return ConfigurationItem({"id": ci_id, "type": str(self._kind), "properties": {}})


class ConfigurationItem(object):
    """A configuration item; references lead to items whose properties are read when they are asked for."""

    def __init__(self, fields):
        self.__dict__["id"] = fields["id"]
        self.__dict__["_type"] = fields["type"]
        self.__dict__["_properties"] = fields.get("properties")

    def getId(self):
        return self.id

    def getType(self):
        return Type(self._type)

    def getName(self):
        return self.id.rpartition("/")[2]

    def hasProperty(self, name):
        return name in self._all()

    def getProperty(self, name):
        return _wrapped(self._all()[name])

    def setProperty(self, name, value):
        self._all()[name] = value

    def _all(self):
        if self._properties is None:
            self.__dict__["_properties"] = _current.calls("read", self.id)["properties"]
        return self._properties

    def __getattr__(self, name):
        if name.startswith("get") and len(name) > 3:
            wanted = name[3].lower() + name[4:]
            return lambda: self.getProperty(wanted)
        try:
            return self.getProperty(name)
        except KeyError:
            raise AttributeError(name)

    def __setattr__(self, name, value):
        self.setProperty(name, value)

    def __str__(self):
        return self.id


def _wrapped(value):
    if isinstance(value, dict) and "$reference" in value:
        return ConfigurationItem({"id": value["$reference"], "type": value["type"]})
    if isinstance(value, list):
        return [_wrapped(item) for item in value]
    return value


def _plain(value):
    if isinstance(value, ConfigurationItem):
        return value.id
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    return value


class RepositoryService(object):
    """The repository with the permissions of the caller."""

    def __init__(self, calls):
        self._calls = calls

    def query(self, kind, parent, ancestor, name, _before, _after, page, results):
        arguments = (None if kind is None else str(kind), parent, ancestor, name, page, results)
        return [ConfigurationItem(found) for found in self._calls("query", *arguments)]

    def exists(self, ci_id):
        return self._calls("exists", ci_id)

    def read(self, ci_id):
        return ConfigurationItem(self._calls("read", str(ci_id)))

    def create(self, ci_id, ci):
        return self._write("create", ci_id, ci)

    def update(self, ci_id, ci):
        return self._write("update", ci_id, ci)

    def delete(self, ci_id):
        self._calls("delete", ci_id)

    def _write(self, how, ci_id, ci):
        properties = dict((name, _plain(value)) for name, value in ci._all().items())
        return ConfigurationItem(self._calls(how, ci_id, ci._type, properties))


class PasswordEncrypter(object):
    """Decrypts values that a script got encrypted."""

    @staticmethod
    def getInstance():
        return PasswordEncrypter()

    def isEncrypted(self, value):
        return value.startswith("{b64}")

    def decrypt(self, value):
        return _current.calls("decrypt", value)


def install():
    """Make the names importable by which scripts know them; this hides Java's own packages below ``com``."""
    for module, names in (
        ("com.xebialabs.deployit.plugin.api.reflect", (Type,)),
        ("com.xebialabs.deployit.util", (PasswordEncrypter,)),
        ("com.xebialabs.deployit.exception", (NotFoundException, DeployitException)),
        ("com.xebialabs.deployit.security", (PermissionDeniedException,)),
    ):
        path = ""
        for part in module.split("."):
            parent, path = path, "%s.%s" % (path, part) if path else part
            if not isinstance(sys.modules.get(path), types.ModuleType):
                sys.modules[path] = types.ModuleType(path)
                sys.modules[path].__path__ = []
                if parent:
                    setattr(sys.modules[parent], part, sys.modules[path])
        for name in names:
            setattr(sys.modules[module], name.__name__, name)
