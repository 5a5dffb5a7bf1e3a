"""Customers with their groups, addresses and B2B attributes (D13)."""

from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from connectors.listing import Moment, Text, record
from connectors.platforms.magento.forms import mapped, text
from connectors.platforms.magento.reading import Listing, Wire
from connectors.platforms.magento.shop import Shop
from connectors.records import AddressRecord, CustomerRecord, Problem, Record

YES = ("1", "true", "yes", "on")


class Customers(Listing):
    path = "/customers/search"

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        # Our field → where the shop has it; what is not mapped is left out.
        self.map: dict[str, str] = {name: path for name, path in shop.field_map.customers if path}

    @cached_property
    def _groups(self) -> dict[int, str]:
        rows = self.shop.everything("/customerGroups/search", sort=("id",))
        return {row["id"]: text(row.get("code")) for row in rows if self.numbers([row])}

    def records(self, rows: list[Any]) -> list[Record]:
        made = []
        for row in rows:
            own = {name: found for name, path in self.map.items() if (found := text(mapped(row, path)))}
            made.append(record(row, _Customer, partial(self._made, own), self._bare))
        return made

    def _made(self, own: dict[str, str], wire: "_Customer") -> CustomerRecord:
        problems = []
        billing = next((each for each in wire.addresses if each.default_billing), None)
        if any(not "".join(each.street).strip() for each in wire.addresses):
            problems.append(
                Problem(
                    "address_incomplete",
                    "The first line of one of its addresses is empty.",
                    "Enter street and number in Magento.",
                )
            )
        return CustomerRecord(
            external_id=wire.id,
            updated_at=wire.updated_at,
            link=self._link(wire.id),
            email=wire.email,
            first_name=wire.firstname,
            last_name=wire.lastname,
            company_name=billing.company if billing else "",
            phone=billing.telephone if billing else "",
            tax_id=own.get("tax_id", ""),
            group=self._groups.get(wire.group_id, ""),
            accounting_id=own.get("accounting_id", ""),
            sales_agent_groups=_words(own.get("sales_agent_groups", "")),
            price_lists=_words(own.get("price_lists", "")),
            discount_percentage=_percentage(own.get("discount_percentage", "")),
            payment_on_account=own["payment_on_account"].lower() in YES if "payment_on_account" in own else None,
            parent_id=own.get("parent_id", ""),
            addresses=[_address(each) for each in wire.addresses],
            problems=problems,
        )

    def _bare(self, number: str) -> CustomerRecord:
        return CustomerRecord(external_id=number, link=self._link(number))

    def _link(self, number: str) -> str:
        return self.shop.link(f"customer/index/edit/id/{number}")


def _words(value: str) -> list[str]:
    return [word for each in value.split(",") if (word := each.strip())]


def _percentage(value: str) -> Decimal | None:
    """A number from 0 to 100; None for anything else."""
    if not value.replace(".", "", 1).isdecimal():
        return None
    number = Decimal(value)
    return number if number <= 100 else None


def _address(wire: "_Address") -> AddressRecord:
    first, *more = wire.street or [""]
    return AddressRecord(
        external_id=wire.id,
        use="billing" if wire.default_billing else "shipping" if wire.default_shipping else "other",
        first_name=wire.firstname,
        last_name=wire.lastname,
        company=wire.company,
        street=first,
        street2=", ".join(more),
        city=wire.city,
        region=wire.region.region,
        postcode=wire.postcode,
        country=wire.country_id.upper(),
        phone=wire.telephone,
    )


class _Region(Wire):
    region: Text = ""


class _Address(Wire):
    id: Text = ""
    firstname: Text = ""
    lastname: Text = ""
    company: Text = ""
    street: list[Text] = []
    city: Text = ""
    region: _Region = _Region()
    postcode: Text = ""
    country_id: Text = ""
    telephone: Text = ""
    default_billing: bool = False
    default_shipping: bool = False


class _Customer(Wire):
    id: Text
    group_id: int = 0
    email: Text
    firstname: Text = ""
    lastname: Text = ""
    updated_at: Moment | None = None
    addresses: list[_Address] = []
