"""The calls for single customers.

`PUT` and the identifiers in the path are documented; that the other calls have the same path, and that the partial
update is `PATCH`, is assumed. Where it is not allowed (405), the customer is read, merged and replaced.
https://docs.sparklayer.io/developers/api/customers/create-or-update-a-customer
"""

from typing import TYPE_CHECKING, Any

from connectors.sdk.errors import TryAgainLater
from connectors.sdk.responses import RequestRejected

if TYPE_CHECKING:
    from connectors.platforms.sparklayer.client import SparkLayerClient

PATH = "/api/v2/customers/{}/{}"
# What a replacement clears, so that it is sent back.
REPLACED_FIELDS = (
    "external_id", "email", "first_name", "last_name", "company_name", "accounting_id", "status", "group", "role",
    "addresses", "sales_agent_groups", "price_lists", "discount_percentage", "tax_exempt", "payment_on_account",
    "parent_customer_id", "default_billing_address_id", "default_shipping_address_id", "available_shipping_addresses",
    "currency_code",
)  # fmt: skip

Row = dict[str, Any]


class CustomerApi:
    """The customers of one site. `lookup` is `platform` (the shop's ID), `email` or `sparklayer`."""

    def __init__(self, client: "SparkLayerClient") -> None:
        self._client = client
        self._can_patch = True
        self._sparklayer_ids: dict[str, str] = {}

    def find(self, lookup: str, key: str) -> Row | None:
        """The customer; None if there is none."""
        try:
            existing = self._client.call("GET", PATH, lookup, key)
        except RequestRejected as error:
            if error.status != 404:
                raise
            return None
        if not isinstance(existing, dict):
            raise TryAgainLater("SparkLayer did not return the customer.")
        return existing

    def change(self, existing: Row, changes: Row) -> bool:
        """Change fields of a customer that was found, or of which the shop's ID is known. False if it is gone.

        The body always has the identifier of the path: a replacement requires it.
        """
        lookup, key, identity = self._identity(existing)
        if self._can_patch:
            try:
                self._client.call("PATCH", PATH, lookup, key, body=identity | changes)
            except RequestRejected as error:
                if error.status == 404:
                    return False
                if error.status != 405:
                    raise
                self._can_patch = False
            else:
                return True
        stored = self.find(lookup, key)
        if stored is None:
            return False
        self.replace(lookup, key, _replaceable(stored) | identity | changes)
        return True

    def replace(self, lookup: str, key: str, body: Row) -> None:
        """Create or replace the customer; what the body lacks is cleared."""
        self._client.call("PUT", PATH, lookup, key, body=body)

    def delete(self, lookup: str, key: str) -> None:
        try:
            self._client.call("DELETE", PATH, lookup, key)
        except RequestRejected as error:
            if error.status != 404:
                raise

    def sparklayer_id(self, external_id: str) -> str | None:
        """SparkLayer's own ID of the customer with the shop's ID, as purchases refer to it; None if there is none."""
        if external_id not in self._sparklayer_ids:
            existing = self.find("platform", external_id) or {}
            found = existing.get("legacy_id") or existing.get("id")
            if not found:
                return None
            self._sparklayer_ids[external_id] = str(found)
        return self._sparklayer_ids[external_id]

    @staticmethod
    def _identity(existing: Row) -> tuple[str, str, Row]:
        """Lookup, identifier, and the identifier as a part of the body."""
        for lookup, name in (("sparklayer", "id"), ("platform", "external_id"), ("email", "email")):
            if value := existing.get(name):
                return lookup, str(value), {name: value}
        raise TryAgainLater("SparkLayer returned a customer without an ID.")


def _replaceable(stored: Row) -> Row:
    """A stored customer as the body of a replacement. Its balance would be booked again."""
    body = {name: stored[name] for name in REPLACED_FIELDS if name in stored}
    if isinstance(terms := body.get("payment_on_account"), dict):
        body["payment_on_account"] = {name: value for name, value in terms.items() if not name.startswith("balance")}
    return body
