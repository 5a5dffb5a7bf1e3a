"""Converts values of our items to the store's format."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.items import PriceItem, VariantItem
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.records import AddressRecord
from hub.kinds import Kind

URL_LENGTH = 255


def full_and_sale(price: PriceItem) -> tuple[Decimal, Decimal | None]:
    """The regular price and the sale price: our price before the reduction is the store's regular price."""
    if price.list_amount is None or price.list_amount <= price.amount:
        return price.amount, None
    return price.list_amount, price.amount


def remote_variant_id(item: VariantItem, refs: References) -> int:
    """The variant's ID at the store. SkipRecord while the store does not have the variant."""
    return _remote_id(item, refs.get(Kind.VARIANT, item.id))


def remote_product_id(item: VariantItem, refs: References) -> int:
    """The ID of the variant's product at the store. SkipRecord while the store does not have the product."""
    return _remote_id(item, refs.get(Kind.PRODUCT, item.product_id))


def _remote_id(item: VariantItem, remote_id: str | None) -> int:
    if remote_id is None:
        raise SkipRecord(issues.NOT_AT_TARGET_YET(name=item.sku or str(item.id)))
    return int(remote_id)


def check_name(name: str, limit: int) -> None:
    """SkipRecord for a name that the store does not accept."""
    if not 0 < len(name) <= limit:
        raise SkipRecord(issues.NAME_LENGTH(name=name, length=len(name), limit=limit))


def names(items: Sequence[VariantItem]) -> str:
    """The names of the first few variants, for the text of an issue."""
    return ", ".join(_variant_name(each) for each in items[:5])


def _variant_name(item: VariantItem) -> str:
    return item.sku or " / ".join(each["value"] for each in item.options) or f"number {item.position + 1}"


def address_fields(address: AddressRecord) -> dict[str, Any]:
    """The fields of an address, of customers and of checkouts alike."""
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company,
        "address1": address.street,
        "address2": address.street2,
        "city": address.city,
        "state_or_province": address.region,
        "postal_code": address.postcode,
        "country_code": address.country,
        "phone": address.phone,
    }
