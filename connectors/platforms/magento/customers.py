"""Customers with their groups, addresses and B2B attributes (D13)."""

from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from connectors.listing import Text, UtcDatetime, record
from connectors.platforms.magento.client import MagentoClient
from connectors.platforms.magento.settings import mapped_value, text
from connectors.platforms.magento.source_base import ApiModel, Listing
from connectors.records import AddressRecord, CustomerRecord, Problem, Record

TRUE_VALUES = ("1", "true", "yes", "on")


class Customers(Listing):
    path = "/customers/search"

    def __init__(self, client: MagentoClient) -> None:
        super().__init__(client)
        # Our field → where the shop has it; what is not mapped is left out.
        self.map: dict[str, str] = {name: path for name, path in client.field_map.customers if path}

    @cached_property
    def _groups(self) -> dict[int, str]:
        rows = self.client.fetch_all("/customerGroups/search", sort=("id",))
        return {row["id"]: text(row.get("code")) for row in rows if self.row_ids([row])}

    def records(self, rows: list[Any]) -> list[Record]:
        made = []
        for row in rows:
            own = {name: found for name, path in self.map.items() if (found := text(mapped_value(row, path)))}
            made.append(record(row, _Customer, partial(self._build, own), self._placeholder))
        return made

    def _build(self, own: dict[str, str], api_row: "_Customer") -> CustomerRecord:
        problems = []
        billing = next((each for each in api_row.addresses if each.default_billing), None)
        if any(not "".join(each.street).strip() for each in api_row.addresses):
            problems.append(
                Problem(
                    "address_incomplete",
                    "The first line of one of its addresses is empty.",
                    "Enter street and number in Magento.",
                )
            )
        return CustomerRecord(
            external_id=api_row.id,
            updated_at=api_row.updated_at,
            link=self._link(api_row.id),
            email=api_row.email,
            first_name=api_row.firstname,
            last_name=api_row.lastname,
            company_name=billing.company if billing else "",
            phone=billing.telephone if billing else "",
            tax_id=own.get("tax_id", ""),
            group=self._groups.get(api_row.group_id, ""),
            accounting_id=own.get("accounting_id", ""),
            sales_agent_groups=_split_list(own.get("sales_agent_groups", "")),
            price_lists=_split_list(own.get("price_lists", "")),
            discount_percentage=_percentage(own.get("discount_percentage", "")),
            payment_on_account=own["payment_on_account"].lower() in TRUE_VALUES
            if "payment_on_account" in own
            else None,
            parent_id=own.get("parent_id", ""),
            addresses=[_address(each) for each in api_row.addresses],
            problems=problems,
        )

    def _placeholder(self, number: str) -> CustomerRecord:
        return CustomerRecord(external_id=number, link=self._link(number))

    def _link(self, number: str) -> str:
        return self.client.link(f"customer/index/edit/id/{number}")


def _split_list(value: str) -> list[str]:
    return [word for each in value.split(",") if (word := each.strip())]


def _percentage(value: str) -> Decimal | None:
    """A number from 0 to 100; None for anything else."""
    if not value.replace(".", "", 1).isdecimal():
        return None
    number = Decimal(value)
    return number if number <= 100 else None


def _address(api_row: "_Address") -> AddressRecord:
    first, *more = api_row.street or [""]
    return AddressRecord(
        external_id=api_row.id,
        use="billing" if api_row.default_billing else "shipping" if api_row.default_shipping else "other",
        first_name=api_row.firstname,
        last_name=api_row.lastname,
        company=api_row.company,
        street=first,
        street2=", ".join(more),
        city=api_row.city,
        region=api_row.region.region,
        postcode=api_row.postcode,
        country=api_row.country_id.upper(),
        phone=api_row.telephone,
    )


class _Region(ApiModel):
    region: Text = ""


class _Address(ApiModel):
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


class _Customer(ApiModel):
    id: Text
    group_id: int = 0
    email: Text
    firstname: Text = ""
    lastname: Text = ""
    updated_at: UtcDatetime | None = None
    addresses: list[_Address] = []
