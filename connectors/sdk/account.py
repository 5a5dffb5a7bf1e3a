"""One connection as an adapter sees it."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from connectors.sdk.schemas import Schema

SettingsT = TypeVar("SettingsT", bound=Schema)
CredentialsT = TypeVar("CredentialsT", bound=Schema)
FieldMapT = TypeVar("FieldMapT", bound=Schema)


@dataclass(frozen=True, slots=True)
class Account(Generic[SettingsT, CredentialsT, FieldMapT]):
    """A connection validated by the adapter's schemas, with decrypted credentials. `name` is its display name.

    `app_secret`: the client secret of our app at the vendor, if the credentials name this app and have no secret of
    their own, and the address is the vendor's; else empty. It is kept in one place, so that it can be changed there.

    `connection_key`: random, the connection's as long as it exists, and unique among all installations, where our IDs
    are not. It belongs into IDs of ours by which a platform is to find what we created.
    """

    base_url: str
    settings: SettingsT
    credentials: CredentialsT
    field_map: FieldMapT
    name: str = ""
    app_secret: str = field(default="", repr=False)
    connection_key: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """A budget of `requests` per `seconds`, shared by all workers that use the same account."""

    requests: int
    seconds: float
