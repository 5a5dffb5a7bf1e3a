"""Parties with their addresses and contact mechanisms, each found again by an identifier that holds our key.

Identifiers are used, because the code of a party is numbered by Tryton. https://pypi.org/project/trytond-party/
"""

from collections.abc import Iterable
from typing import Any

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.targets.addresses import FIELDS, AddressPayload, Countries
from connectors.platforms.tryton.values import Row, record_id

PARTY_FIELDS = (
    "name", "active", "identifiers.code", "contact_mechanisms.type", "contact_mechanisms.value",
    "contact_mechanisms.active", *(f"addresses.{name}" for name in FIELDS),
)  # fmt: skip
ADDRESS = "party.address"


class Parties:
    """The parties of one database; what was read is cached for a turn."""

    def __init__(self, client: TrytonClient) -> None:
        self.client = client
        self.countries = Countries(client)
        self._addresses: dict[int, list[Row]] = {}

    def find(self, keys: Iterable[str]) -> dict[str, Row]:
        """Key → party, for those that exist; of several the oldest."""
        wanted = sorted(set(keys))
        found: dict[str, Row] = {}
        for row in self.client.among("party.party", "identifiers.code", wanted, PARTY_FIELDS):
            for key in {each.get("code") for each in row.get("identifiers") or ()} & set(wanted):
                found.setdefault(str(key), row)
        return found

    def party_for(self, key: str, name: str) -> int:
        """The party with this key, which is created if necessary."""
        if row := self.find([key]).get(key):
            return record_id(row)
        return record_id(self.client.create("party.party", {"name": name, "identifiers": identifier(key)}))

    def address(self, party: int, address: AddressPayload) -> int:
        """The ID of an active address of the party with this content, which is created if necessary."""
        if party not in self._addresses:
            domain = [["party", "=", party], ["active", "=", True]]
            self._addresses[party] = list(self.client.rows(ADDRESS, domain, FIELDS))
        for row in self._addresses[party]:
            if self.countries.matches(row, address):
                return record_id(row)
        values = {"party": party, **self.countries.values(address)}
        created = self.client.create(ADDRESS, values, FIELDS)
        self._addresses[party].append(created)
        return record_id(created)

    def any_address(self, party: int) -> int | None:
        """An active address of the party, if it has one."""
        domain = [["party", "=", party], ["active", "=", True]]
        rows, _ = self.client.page(ADDRESS, domain, [], size=1)
        return record_id(rows[0]) if rows else None


def identifier(key: str) -> list[Any]:
    return [["create", [{"code": key}]]]
