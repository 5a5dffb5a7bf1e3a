"""Customers that a B2B storefront creates in a BigCommerce store, and the proof that a customer is signed in.

https://docs.bigcommerce.com/developer/api-reference/rest/admin/management/customers
https://docs.bigcommerce.com/developer/docs/start/authentication/current-customer: the store signs a JSON Web Token
about the customer with the client secret of the app-level API account that asks for it (HS256), valid for 15 minutes.
"""

import base64
import binascii
import hmac
from typing import Any

import orjson

from connectors.platforms.bigcommerce.client import SourceClient, raise_malformed_response
from connectors.platforms.bigcommerce.values import address_fields
from connectors.sdk import clock
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.records import AddressRecord, CustomerRecord
from connectors.sdk.responses import RequestRejected
from connectors.sdk.storefronts import CustomerAccounts, EmailTaken, NotSignedIn, SignIns

CUSTOMERS, ADDRESSES = "/customers", "/customers/addresses"
# How far the clocks of BigCommerce and of this server may differ, in seconds.
CLOCK_TOLERANCE = 60
MAX_TOKEN_LENGTH = 4096


class Accounts(CustomerAccounts[SourceClient]):
    def find(self, email: str) -> str | None:
        rows, _, _ = self.client.list_page_by_cursor(CUSTOMERS, **{"email:in": email})
        return next((str(row["id"]) for row in rows if str(row.get("email")).lower() == email.lower()), None)

    def create(self, record: CustomerRecord) -> str:
        """The store sends its usual email about a new account, with which the customer sets a password."""
        body = _person(record) | {
            "email": record.email,
            "authentication": {"force_password_reset": True},
            "trigger_account_created_notification": True,
        }
        try:
            return self._write("POST", CUSTOMERS, body)
        except RequestRejected as error:
            if self.find(record.email) is None:
                raise
            raise EmailTaken(record.email) from error

    def change(self, external_id: str, record: CustomerRecord) -> None:
        self._write("PUT", CUSTOMERS, {"id": int(external_id), **_person(record)})

    def delete(self, external_id: str) -> None:
        self.client.call("DELETE", CUSTOMERS, params={"id:in": external_id})

    def save_address(self, external_id: str, address: AddressRecord) -> str:
        """The store does not create an address twice, and answers with an empty list then."""
        if address.external_id:
            return self._write("PUT", ADDRESSES, {"id": int(address.external_id), **address_fields(address)})
        body = {"customer_id": int(external_id), **address_fields(address)}
        created = self.client.call("POST", ADDRESSES, body=[body]).json()
        rows = created.get("data") if isinstance(created, dict) else None
        if rows == []:
            rows = [
                each
                for each in self.client.fetch_all(ADDRESSES, **{"customer_id:in": external_id})
                if all((each.get(name) or "") == value for name, value in address_fields(address).items())
            ]
        return _id_of(rows, ADDRESSES)

    def delete_address(self, external_id: str, address_id: str) -> None:
        self.client.call("DELETE", ADDRESSES, params={"id:in": address_id})

    def _write(self, method: str, path: str, body: dict[str, Any]) -> str:
        answer = self.client.call(method, path, body=[body]).json()
        return _id_of(answer.get("data") if isinstance(answer, dict) else None, path)


class CurrentCustomer(SignIns[SourceClient]):
    """Tokens of the Current Customer API."""

    def customer(self, data: str) -> str:
        secret, app = self.client.app_client_secret, self.client.app_client_id
        if not secret or not app:
            raise NeedsAttention(
                "Signed-in customers cannot be verified without client ID and client secret of the app.",
                fix="Enter client ID and client secret of the app-level API account in the connection to BigCommerce.",
            )
        claims = _verified_claims(data, secret)
        now = clock.now().timestamp()
        expires, issued = whole_number(claims.get("exp")), whole_number(claims.get("iat"))
        if expires is None or issued is None or not issued - CLOCK_TOLERANCE <= now <= expires + CLOCK_TOLERANCE:
            raise NotSignedIn("The token has expired.")
        expected = ("current_customer", self.client.store_hash, app)
        if tuple(claims.get(name) for name in ("operation", "store_hash", "aud")) != expected:
            raise NotSignedIn("The token is for another store or another purpose.")
        customer = claims.get("customer")
        number = whole_number(customer.get("id")) if isinstance(customer, dict) else None
        if not number:
            raise NotSignedIn("The token names no customer.")
        return str(number)


def _verified_claims(token: str, secret: str) -> dict[str, Any]:
    """The claims of a token with a valid HS256 signature. No other algorithm is accepted."""
    parts = token.split(".")
    if len(token) > MAX_TOKEN_LENGTH or len(parts) != 3 or not token.isascii():
        raise NotSignedIn("The token is malformed.")
    expected = hmac.new(secret.encode(), f"{parts[0]}.{parts[1]}".encode(), "sha256").digest()
    try:
        header, claims, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
        algorithm = orjson.loads(header)["alg"]
        found = orjson.loads(claims)
    except (binascii.Error, ValueError, LookupError, TypeError):
        raise NotSignedIn("The token is malformed.") from None
    if algorithm != "HS256" or not hmac.compare_digest(signature, expected) or not isinstance(found, dict):
        raise NotSignedIn("The signature of the token is not valid.")
    return found


def _person(record: CustomerRecord) -> dict[str, Any]:
    return {"first_name": record.first_name, "last_name": record.last_name, "company": record.company_name}


def _id_of(rows: Any, path: str) -> str:
    match rows:
        case [{"id": int(number)}, *_]:
            return str(number)
    raise_malformed_response(path)
