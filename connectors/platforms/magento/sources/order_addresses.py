"""The addresses of a shop's order, and which line goes to which of them."""

from collections.abc import Iterable, Sequence

from connectors.platforms.magento.sources.order_rows import AddressRow, Assignment
from connectors.sdk import issues
from connectors.sdk.records import AddressRecord, OrderLineRecord, Problem


def address_record(api_row: AddressRow, use: str, problems: list[Problem]) -> AddressRecord:
    """`use` is a value of orders.models.Address.Use. Without a street, a problem is added."""
    first, *more = api_row.street or [""]
    if not first.strip():
        problems.append(issues.ADDRESS_INCOMPLETE(use=use))
    return AddressRecord(
        external_id=api_row.entity_id,
        use=use,
        first_name=api_row.firstname,
        last_name=api_row.lastname,
        company=api_row.company,
        street=first,
        street2=", ".join(more),
        city=api_row.city,
        region=api_row.region,
        postcode=api_row.postcode,
        country=api_row.country_id.upper(),
        phone=api_row.telephone,
        email=api_row.email,
    )


def set_delivery_addresses(lines: Iterable[OrderLineRecord], assignments: Sequence[Assignment]) -> None:
    """Only if an order goes to several addresses. Parts of a bundle go where the bundle goes."""
    if len(assignments) < 2:
        return
    found = {
        item.item_id: each.shipping.address.entity_id
        for each in assignments
        if each.shipping.address
        for item in each.items
    }
    for line in lines:
        line.delivery_address = found.get(line.external_id) or found.get(line.parent_id, "")
