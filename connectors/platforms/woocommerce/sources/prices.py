"""The prices of a product or variation: regular, and on sale for a time (C9)."""

from datetime import timedelta

from connectors.platforms.woocommerce.field_types import GmtDatetime, Number
from connectors.sdk.api_model import ApiModel
from connectors.sdk.records import ConditionalPriceRecord, PriceRecord


class PricedRow(ApiModel):
    """`price` is what the shop charges now. Types of products of plug-ins may have no other."""

    price: Number = None
    regular_price: Number = None
    sale_price: Number = None
    date_on_sale_from_gmt: GmtDatetime = None
    date_on_sale_to_gmt: GmtDatetime = None


def prices_of(row: PricedRow) -> PriceRecord | list[ConditionalPriceRecord]:
    """A sale price applies if it is lower than the regular price; zero is a price, too.

    The shop ends a sale after the second that it names (`WC_Product::is_on_sale`, seen in code).
    """
    regular = row.price if row.regular_price is None else row.regular_price
    sale = row.sale_price
    if regular is None or row.regular_price is None or sale is None or not 0 <= sale < regular:
        return PriceRecord(amount=regular)
    starts_at, ends_at = row.date_on_sale_from_gmt, row.date_on_sale_to_gmt
    if starts_at is None and ends_at is None:
        return PriceRecord(amount=sale, list_amount=regular)
    return [
        ConditionalPriceRecord(amount=regular),
        ConditionalPriceRecord(
            amount=sale,
            list_amount=regular,
            starts_at=starts_at,
            ends_at=ends_at and ends_at + timedelta(seconds=1),
        ),
    ]
