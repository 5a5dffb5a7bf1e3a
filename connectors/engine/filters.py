"""Which items a job syncs: `{"statuses": ["live"], "brands": [...], "categories": [...], "types": [...]}`.

An empty or missing list matches everything. Categories are given by path and include their subcategories. Customers
are selected by `groups`, customers and orders by `{"b2b_only": true}`: customers enabled for B2B, orders placed through
the B2B storefront (D14). An item has to meet all conditions, with `{"match_any": true}` at least one. In the job that
imports customers, `b2b_groups` names the groups enabled for B2B (D13).

`stock_locations` and `stock_buffer` choose what a target sees of the stock (C7).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from catalog.items import ProductItem, StockItem, VariantItem
from catalog.models import Status
from orders.models import Customer, Order

LIST_FILTERS = ("statuses", "brands", "categories", "types", "groups", "b2b_groups", "stock_locations")
BOOLEAN_FILTERS = ("b2b_only", "match_any")
NUMBER_FILTERS = ("stock_buffer",)
# Lists and the attributes of items that they are about.
_ATTRIBUTES = {"statuses": "status", "brands": "brand", "types": "product_type", "groups": "group"}
STATUSES = {*Status.values, *Customer.Status.values, *Order.Status.values}


def validate(filters: Any) -> None:
    """Raises ValidationError that names the invalid key and the valid values."""
    if not isinstance(filters, dict):
        raise ValidationError(_('Filters must be an object such as {"brands": ["Acme"]}.'))
    for key, value in filters.items():
        if key in BOOLEAN_FILTERS:
            if not isinstance(value, bool):
                raise ValidationError(_("%(key)s must be true or false.") % {"key": key})
        elif key in NUMBER_FILTERS:
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValidationError(_("%(key)s must be a whole number, 0 or more.") % {"key": key})
        elif key not in LIST_FILTERS:
            known = ", ".join((*LIST_FILTERS, *BOOLEAN_FILTERS, *NUMBER_FILTERS))
            raise ValidationError(_("“%(key)s” is not a filter. Choose from %(known)s.") % {"key": key, "known": known})
        elif not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise ValidationError(_("%(key)s must be a list of strings.") % {"key": key})
    if unknown := sorted(set(filters.get("statuses", ())) - STATUSES):
        # It would match nothing, and items that no longer match are removed from the target.
        message = _("statuses: “%(status)s” is not a status. Choose from %(known)s.")
        raise ValidationError(message % {"status": unknown[0], "known": ", ".join(sorted(STATUSES))})


def matches(filters: dict[str, Any], item: Any) -> bool:
    """Whether the job syncs the item. Deleted items never match, nor orders in which the vendor has no lines (S9). A
    filter on a property that the item's kind does not have is ignored.
    """
    if getattr(item, "status", None) == "deleted":
        return False
    if getattr(item, "principal", None) and not item.lines:
        return False
    results = _conditions(filters, item)
    if not filters.get("match_any"):
        return all(results)
    met = list(results)
    return any(met) or not met


def _conditions(filters: dict[str, Any], item: Any) -> Iterator[bool]:
    """Whether the item meets each of the conditions that concern its kind."""
    for name, attribute in _ATTRIBUTES.items():
        if (wanted := filters.get(name)) and (value := getattr(item, attribute, None)) is not None:
            yield value in wanted
    if filters.get("b2b_only"):
        yield bool(getattr(item, "b2b_enabled", getattr(item, "placed_through_b2b", True)))
    if (wanted := filters.get("categories")) and (paths := getattr(item, "category_paths", None)) is not None:
        yield any(path == root or path.startswith(f"{root} / ") for path in paths for root in wanted)


def requires_b2b(filters: dict[str, Any]) -> bool:
    """Whether nothing but B2B customers and orders can match."""
    return bool(filters.get("b2b_only")) and not filters.get("match_any")


def restrict_stock(filters: dict[str, Any], item: Any) -> None:
    """Leave only the stock of the job's locations in a variant or a product, less the buffer.

    A variant whose stock is tracked elsewhere only has none here: without a quantity it would count as not tracked, so
    as available.
    """
    locations, buffer = filters.get("stock_locations"), filters.get("stock_buffer", 0)
    if not locations and not buffer:
        return
    variants = [item] if isinstance(item, VariantItem) else item.variants if isinstance(item, ProductItem) else []
    for variant in variants:
        if locations and variant.stock:
            chosen = [each for each in variant.stock if each.location in locations]
            variant.stock = chosen or [StockItem(locations[0], Decimal(0), None, None)]
        left = Decimal(buffer)
        for each in variant.stock:
            kept_back = max(min(each.quantity, left), Decimal(0))
            each.quantity -= kept_back
            left -= kept_back


def enables_b2b(filters: dict[str, Any], group: str) -> bool:
    """Whether the filters of the import job enable the customers of the group for B2B (D13)."""
    return bool(group) and group in filters.get("b2b_groups", ())
