"""Addresses as `party.address` has them. https://pypi.org/project/trytond-party/"""

from collections.abc import Iterable
from typing import Any, TypedDict

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.values import Row, record_id
from connectors.sdk import issues
from connectors.sdk.records import AddressRecord, Problem

# What identifies an address, and how it is read.
FIELDS = ("party_name", "attn", "street", "postal_code", "city", "country.code", "subdivision.name", "active")


class AddressPayload(TypedDict):
    """`country` is the code, `region` the name or code of a subdivision."""

    party_name: str
    attn: str
    street: str
    postal_code: str
    city: str
    country: str
    region: str


def address_payload(item: AddressRecord) -> AddressPayload:
    name = f"{item.first_name} {item.last_name}".strip()
    return {
        "party_name": item.company or name,
        "attn": name if item.company else "",
        "street": "\n".join(line for line in (item.street, item.street2) if line),
        "postal_code": item.postcode,
        "city": item.city,
        "country": item.country,
        "region": item.region,
    }


class Countries:
    """IDs of countries and subdivisions by code or name; read once for a turn."""

    def __init__(self, client: TrytonClient) -> None:
        self.client = client
        self._countries: dict[str, int] = {}
        self._subdivisions: dict[tuple[str, str], int] = {}
        self._known: set[str] = set()

    def load(self, addresses: Iterable[AddressPayload]) -> None:
        codes = {each["country"] for each in addresses if each["country"]} - self._known
        for row in self.client.among("country.country", "code", sorted(codes), ["code"]):
            self._countries[str(row.get("code"))] = record_id(row)
        regions = {each["country"] for each in addresses if each["region"]} & self._countries.keys() & codes
        fields = ["code", "name", "country.code"]
        for row in self.client.among("country.subdivision", "country.code", sorted(regions), fields):
            country = str((row.get("country") or {}).get("code"))
            for name in (row.get("name"), str(row.get("code")).removeprefix(f"{country}-")):
                self._subdivisions.setdefault((country, str(name).lower()), record_id(row))
        self._known |= codes

    def values(self, address: AddressPayload) -> Row:
        """The fields of a new address."""
        plain = {name: value for name, value in address.items() if name not in ("country", "region") and value}
        country = self._countries.get(address["country"])
        subdivision = self._subdivisions.get((address["country"], address["region"].lower()))
        return plain | ({"country": country} if country else {}) | ({"subdivision": subdivision} if subdivision else {})

    def problems(self, addresses: Iterable[AddressPayload]) -> list[Problem]:
        """Countries and regions that the database does not have: the address is sent without them."""
        unknown = {each["country"] for each in addresses} - self._countries.keys() - {""}
        unknown |= {
            each["region"]
            for each in addresses
            if each["region"]
            and each["country"] in self._countries
            and (each["country"], each["region"].lower()) not in self._subdivisions
        }
        return [issues.PARTLY_SAVED(reason=f"Tryton does not know {name}.", fatal=False) for name in sorted(unknown)]

    def matches(self, row: Any, address: AddressPayload) -> bool:
        """Whether an address in Tryton (with `FIELDS`) is this one."""
        if not isinstance(row, dict):
            return False
        names = ("party_name", "attn", "street", "postal_code", "city")
        own = [address[name] for name in names]  # type: ignore[literal-required]
        country = (row.get("country") or {}).get("code") or ""
        wanted = address["country"] if address["country"] in self._countries else ""
        return [row.get(name) or "" for name in names] == own and country == wanted
