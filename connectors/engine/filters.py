"""Which items take part in a job: `{"statuses": ["live"], "brands": [...], "categories": [...], "types": [...]}`.

An empty or missing list admits everything. Categories are given by path and include what lies below. Customers are
chosen by `groups`, customers and orders by `{"b2b_only": true}`: those enabled for B2B, those placed through the B2B
front (D14). In the job that imports customers, `b2b_groups` names the groups that are enabled for B2B (D13).
"""

from typing import Any

from django.core.exceptions import ValidationError

from catalog.models import Status
from orders.models import Customer, Order

LIST_FILTERS = ("statuses", "brands", "categories", "types", "groups", "b2b_groups")
BOOLEAN_FILTERS = ("b2b_only",)
STATUSES = {*Status.values, *Customer.Status.values, *Order.Status.values}


def validate(filters: Any) -> None:
    """ValidationError that names the key and the mend."""
    if not isinstance(filters, dict):
        raise ValidationError('Filters are an object such as {"brands": ["Acme"]}.')
    for key, value in filters.items():
        if key in BOOLEAN_FILTERS:
            if not isinstance(value, bool):
                raise ValidationError(f"{key} must be true or false.")
        elif key not in LIST_FILTERS:
            raise ValidationError(f"{key!r} is no filter: choose from {', '.join((*LIST_FILTERS, *BOOLEAN_FILTERS))}.")
        elif not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise ValidationError(f"{key} must be a list of texts.")
    if unknown := sorted(set(filters.get("statuses", ())) - STATUSES):
        # It would admit nothing, and what is admitted no more is removed at the target.
        raise ValidationError(f"statuses: {unknown[0]!r} is none; choose from {', '.join(sorted(STATUSES))}.")


def admits(filters: dict[str, Any], item: Any) -> bool:
    """Whether the item takes part: what is deleted never does, nor an order of which the vendor ships nothing (S9). A
    filter on something that the item does not have admits it.
    """
    if getattr(item, "status", None) == "deleted":
        return False
    if getattr(item, "principal", None) and not item.lines:
        return False
    if not filters:
        return True
    if (wanted := filters.get("statuses")) and getattr(item, "status", None) not in (None, *wanted):
        return False
    if (wanted := filters.get("brands")) and getattr(item, "brand", None) not in (None, *wanted):
        return False
    if (wanted := filters.get("types")) and getattr(item, "product_type", None) not in (None, *wanted):
        return False
    if (wanted := filters.get("groups")) and getattr(item, "group", None) not in (None, *wanted):
        return False
    if filters.get("b2b_only") and not getattr(item, "b2b_enabled", getattr(item, "placed_through_b2b", True)):
        return False
    if (wanted := filters.get("categories")) and (paths := getattr(item, "category_paths", None)) is not None:
        return any(path == root or path.startswith(f"{root} / ") for path in paths for root in wanted)
    return True


def enables_b2b(filters: dict[str, Any], group: str) -> bool:
    """Whether customers of the group are enabled for B2B by the rule of the job that imports them (D13)."""
    return bool(group) and group in filters.get("b2b_groups", ())
