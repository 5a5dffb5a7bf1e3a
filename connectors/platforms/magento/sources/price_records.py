"""The prices of a product: regular, special, and for quantities and customer groups (tier prices)."""

from collections.abc import Sequence
from datetime import UTC, date
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

from connectors.platforms.magento.client import ShopClient
from connectors.platforms.magento.values import mapped_value
from connectors.sdk import clock
from connectors.sdk.api_model import ApiModel
from connectors.sdk.records import ConditionalPriceRecord, PriceListRecord, PriceRecord
from connectors.sdk.time_zones import end_of_day, start_of_day, time_zone

ALL_GROUPS = 32000
ALL_WEBSITES = 0
_CENTS_OF_CENTS = Decimal("0.0001")  # the precision of the shop's prices


class _TierExtension(ApiModel):
    percentage_value: Decimal | None = None
    website_id: int = ALL_WEBSITES


class TierPrice(ApiModel):
    """A price from a quantity on, for a group of customers. With a percentage, `value` is not the price."""

    customer_group_id: int
    qty: Decimal
    value: Decimal = Decimal(0)
    extension_attributes: _TierExtension = _TierExtension()


def prices_of(
    client: ShopClient, regular: Decimal, attributes: Any, tiers: Sequence[TierPrice], *, in_percent: bool = False
) -> PriceRecord | list[ConditionalPriceRecord]:
    """All prices of a product. A special price applies on the days of its range, in the shop's time zone, if it is
    lower than the regular price (C9).

    `in_percent`: special prices are a percentage of the regular one, and tier prices a discount in percent, as those of
    bundles are.
    """
    found = [ConditionalPriceRecord(amount=regular)]
    special = _positive_decimal(mapped_value(attributes, "special_price"))
    if special and in_percent:
        special = (regular * special / 100).quantize(_CENTS_OF_CENTS)
    if special and special < regular:
        zone = time_zone(str(client.config.get("timezone") or "UTC")) or UTC
        first = _parse_date(mapped_value(attributes, "special_from_date"))
        last = _parse_date(mapped_value(attributes, "special_to_date"))
        if first is None and last is None:
            found = [ConditionalPriceRecord(amount=special, list_amount=regular)]
        else:
            starts_at, ends_at = start_of_day(first, zone), end_of_day(last, zone)
            found.append(
                ConditionalPriceRecord(amount=special, list_amount=regular, starts_at=starts_at, ends_at=ends_at)
            )
    found += [_tier(client, regular, each, in_percent=in_percent) for each in tiers if _applies(client, each)]
    if len(found) == 1:
        return PriceRecord(amount=found[0].amount, list_amount=found[0].list_amount)
    return found


def _applies(client: ShopClient, tier: TierPrice) -> bool:
    """Whether it is for all websites, or for the one of the store view in the settings."""
    return tier.extension_attributes.website_id in (ALL_WEBSITES, client.websites.own)


def current_amount(client: ShopClient, regular: Decimal | None, attributes: Any) -> Decimal | None:
    """What one piece costs everybody now."""
    if regular is None:
        return None
    found = prices_of(client, regular, attributes, ())
    now = clock.now()
    valid = [
        each.amount
        for each in (found if isinstance(found, list) else [found])
        if not isinstance(each, ConditionalPriceRecord)
        or ((each.starts_at is None or each.starts_at <= now) and (each.ends_at is None or now < each.ends_at))
    ]
    return min((amount for amount in valid if amount is not None), default=None)


def _tier(client: ShopClient, regular: Decimal, tier: TierPrice, *, in_percent: bool) -> ConditionalPriceRecord:
    percentage = tier.extension_attributes.percentage_value
    if percentage is None and in_percent:
        percentage = tier.value
    amount = tier.value
    if percentage is not None:
        amount = (regular * (100 - percentage) / 100).quantize(_CENTS_OF_CENTS)
    price_list = None
    if tier.customer_group_id != ALL_GROUPS:
        name = client.customer_groups.get(tier.customer_group_id) or str(tier.customer_group_id)
        price_list = PriceListRecord(external_id=str(tier.customer_group_id), name=name, customer_groups=[name])
    quantity = max(1, int(tier.qty.to_integral_value(ROUND_CEILING)))
    return ConditionalPriceRecord(amount=amount, price_list=price_list, min_quantity=quantity)


def _positive_decimal(value: Any) -> Decimal | None:
    """A positive number; None for anything else, because merchants enter zero for "no value"."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None


def _parse_date(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
