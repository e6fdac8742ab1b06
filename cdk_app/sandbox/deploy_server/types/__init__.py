"""Types of configuration items, defined in the server's own ``synthetic.xml`` format."""

from cdk_app.sandbox.deploy_server.types.model import ControlTask, Descriptor, Kind, PropertyDescriptor
from cdk_app.sandbox.deploy_server.types.plugins import load_types
from cdk_app.sandbox.deploy_server.types.registry import TypeRegistry, UnknownTypeError

__all__ = [
    "ControlTask",
    "Descriptor",
    "Kind",
    "PropertyDescriptor",
    "TypeRegistry",
    "UnknownTypeError",
    "load_types",
]
