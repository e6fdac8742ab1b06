"""What scripts may ask of the server: ``repositoryService`` and its kind, with the caller's permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_app.sandbox.deploy_server.errors import DeployError, EntityNotFoundError, PermissionDeniedError
from cdk_app.sandbox.deploy_server.extension.scripts import ServiceError
from cdk_app.sandbox.deploy_server.repository.model import Draft, Secret, parent_of
from cdk_app.sandbox.deploy_server.repository.query import Query
from cdk_app.sandbox.deploy_server.types import UnknownTypeError

if TYPE_CHECKING:
    from cdk_app.sandbox.deploy_server.composition import Deploy
    from cdk_app.sandbox.deploy_server.repository.model import ConfigurationItem, Raw, Value
    from cdk_app.sandbox.deploy_server.security.model import User
    from cdk_app.sandbox.deploy_server.types import PropertyDescriptor

_MASK = "********"


@dataclass(frozen=True, slots=True)
class ScriptServices:
    """Calls of one script, by name; must run where the repository may be touched."""

    deploy: Deploy
    user: User

    def __call__(self, name: str, *arguments: Any) -> object:  # noqa: ANN401 - checked by what takes them
        """Perform one call.

        Raises
        ------
        ServiceError
            The server refuses, with the exception class that a script knows.
        """
        calls: Mapping[str, Callable[..., object]] = {
            "type": self._type,
            "query": self._query,
            "exists": self._exists,
            "read": self._read,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
            "decrypt": self._decrypt,
        }
        try:
            return calls[name](*arguments)
        except EntityNotFoundError as error:
            raise ServiceError("NotFoundException", error.text) from error
        except PermissionDeniedError as error:
            raise ServiceError("PermissionDeniedException", error.text) from error
        except (DeployError, UnknownTypeError) as error:
            raise ServiceError("DeployitException", str(error)) from error

    def _type(self, name: str) -> str:
        return self.deploy.types.get(name).type

    def _query(
        self,
        type_name: str | None,
        parent: str | None,
        ancestor: str | None,
        name: str | None,
        page: int,
        results: int,
    ) -> list[dict[str, str]]:
        query = Query(
            type=type_name,
            parent=parent,
            ancestor=ancestor,
            name_pattern=name,
            page=page,
            results_per_page=results,
        )
        found = self.deploy.repository.search(self.user, query)
        return [{"id": item.id, "type": item.type} for item in found]

    def _exists(self, ci_id: str) -> bool:
        return ci_id in self.deploy.repository.repository

    def _read(self, ci_id: str) -> dict[str, object]:
        return self._shown(self.deploy.repository.read(self.user, ci_id))

    def _create(self, ci_id: str, type_name: str, properties: Mapping[str, Raw]) -> dict[str, object]:
        (stored,) = self.deploy.repository.create(self.user, [Draft(ci_id, type_name, properties)])
        return self._shown(stored.item)

    def _update(self, ci_id: str, type_name: str, properties: Mapping[str, Raw]) -> dict[str, object]:
        return self._shown(self.deploy.repository.update(self.user, Draft(ci_id, type_name, properties)).item)

    def _delete(self, ci_id: str) -> None:
        self.deploy.repository.delete(self.user, [ci_id], missing_ok=False)

    def _decrypt(self, value: str) -> str:
        return self.deploy.cipher.accept(value).clear

    def _shown(self, item: ConfigurationItem) -> dict[str, object]:
        descriptors = self.deploy.types.get(item.type).properties.values()
        return {
            "id": item.id,
            "type": item.type,
            "properties": {prop.name: self._property(item, prop) for prop in descriptors},
        }

    def _property(self, item: ConfigurationItem, prop: PropertyDescriptor) -> object:
        if prop.is_parent:
            return self._reference(parent_of(item.id) or "")
        if prop.is_children:
            children = self.deploy.repository.repository.children(item.id)
            referenced = prop.referenced_type or ""
            types = self.deploy.types
            found = (self.deploy.repository.repository.get(child) for child in children)
            return [self._reference(child.id) for child in found if types.is_a(child.type, referenced)]
        value = item.properties.get(prop.name)
        if prop.kind.holds_references and isinstance(value, tuple):
            return [self._reference(target) for target in value]
        if prop.kind.holds_references and isinstance(value, str):
            return self._reference(value)
        return self._plain(value)

    def _reference(self, ci_id: str) -> dict[str, str]:
        return {"$reference": ci_id, "type": self.deploy.repository.repository.get(ci_id).type}

    def _plain(self, value: Value | None) -> object:
        if isinstance(value, Secret):
            match self.deploy.behaviour.script_secrets:
                case "clear":
                    return value.clear
                case "encrypted":
                    return self.deploy.cipher.encrypt(value)
                case "masked":
                    return _MASK
        if isinstance(value, Mapping):
            return {key: self._plain(entry) for key, entry in value.items()}
        return list(value) if isinstance(value, tuple) else value
