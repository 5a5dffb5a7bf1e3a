"""One connection as an adapter sees it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from connectors.sdk.schemas import Schema

SettingsT = TypeVar("SettingsT", bound=Schema)
CredentialsT = TypeVar("CredentialsT", bound=Schema)
FieldMapT = TypeVar("FieldMapT", bound=Schema)


@dataclass(frozen=True, slots=True)
class Account(Generic[SettingsT, CredentialsT, FieldMapT]):
    """A connection validated by the adapter's schemas, with decrypted credentials. `name` is its display name."""

    base_url: str
    settings: SettingsT
    credentials: CredentialsT
    field_map: FieldMapT
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """A budget of `requests` per `seconds`, shared by all workers that use the same account."""

    requests: int
    seconds: float
