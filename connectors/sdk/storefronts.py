"""What B2B storefronts ask of a shop while a person waits: customer accounts, and who is signed in.

Both are optional: an adapter names its classes in `Adapter.accounts` and `Adapter.sign_ins`. Their calls are made in a
web request, so each is a single call or two, and everything is safe to repeat.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from connectors.sdk.records import AddressRecord, CustomerRecord

ClientT = TypeVar("ClientT")


class EmailTaken(ValueError):
    """The shop already has a customer with this email address."""


class NotSignedIn(ValueError):
    """The data do not prove that a customer is signed in. The text says why, without personal data."""


class CustomerAccounts(ABC, Generic[ClientT]):
    """Creates and changes customers of a shop. IDs are the shop's. A customer or address that does not exist (any
    more) is no error when it is deleted; changing it raises RequestRejected."""

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @abstractmethod
    def find(self, email: str) -> str | None:
        """The ID of the customer with this email address; None if there is none."""

    @abstractmethod
    def create(self, record: CustomerRecord) -> str:
        """Create a customer without a password, and return its ID. The shop lets the customer set one. Raises
        EmailTaken."""

    @abstractmethod
    def change(self, external_id: str, record: CustomerRecord) -> None:
        """Change name and company; the email address stays."""

    @abstractmethod
    def delete(self, external_id: str) -> None:
        """Delete the customer."""

    @abstractmethod
    def save_address(self, external_id: str, address: AddressRecord) -> str:
        """Create an address of a customer, or change the one with `address.external_id`. Returns its ID."""

    @abstractmethod
    def delete_address(self, external_id: str, address_id: str) -> None:
        """Delete an address of the customer."""


class SignIns(ABC, Generic[ClientT]):
    """Verifies who is signed in to a shop."""

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @abstractmethod
    def customer(self, data: str) -> str:
        """The ID of the customer for whom the shop issued these data, such as a JSON Web Token. Raises NotSignedIn."""


@dataclass(frozen=True, slots=True)
class ConnectionFields:
    """The fields of a new connection, as `install_connection` takes them."""

    base_url: str
    settings: dict[str, Any]
    credentials: dict[str, Any]


class ConnectsItself(ABC):
    """A mixin for adapters of storefronts that create their connection by a call of their own."""

    @classmethod
    @abstractmethod
    def connection_fields(
        cls, *, site_env: str, site_id: str, client_id: str, client_secret: str, shop: str
    ) -> ConnectionFields:
        """The connection for a site that presents these credentials; `shop` is the slug of its shop, if known."""
