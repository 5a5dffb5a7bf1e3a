"""What happens to a value of a record that its column cannot hold (M11): it costs at most that value.

One table for orders, customers and products. The sizes are those of the columns, so they are not repeated here.
"""

from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, DecimalField, Field, Model, TextField

from catalog import models as catalog
from catalog.records import (
    BrandRecord,
    CategoryRecord,
    ConditionalPriceRecord,
    GalleryRecord,
    ImageRecord,
    PriceListRecord,
    PriceRecord,
    ProductRecord,
    StockLevelsRecord,
    StockRecord,
    VariantRecord,
)
from connectors.sdk import issues
from connectors.sdk.values import cut
from hub.models import Link
from hub.records import Problem, Record
from orders import models as orders
from orders.records import (
    AddressRecord,
    AdjustmentRecord,
    CustomerRecord,
    FulfilmentRecord,
    OrderLineRecord,
    OrderRecord,
    RefundLineRecord,
    RefundRecord,
    ShipmentRecord,
)


class Excess(Enum):
    """What is done with a value that does not fit."""

    # Text for people: cut at the end of a word.
    CUT = "cut"
    # A value that would be wrong if it were cut, such as an address of an image or a barcode.
    LEAVE_OUT = "leave out"
    # As LEAVE_OUT, for a value that identifies something: the issue says so.
    LEAVE_OUT_IDENTIFIER = "leave out identifier"
    # A value without which the item is another one: the item is not imported.
    REFUSE = "refuse"


_ANY = 10**18
_RANGES: dict[tuple[type[Model], str], tuple[int, int]] = {
    **{
        (orders.OrderLine, name): (0, _ANY)
        for name in ("quantity", "quantity_cancelled", "quantity_refunded", "quantity_shipped")
    },
    (orders.RefundLine, "quantity"): (0, _ANY),
    (orders.Customer, "discount_percentage"): (0, 100),
}


@dataclass(slots=True)
class Limit:
    """The limit of a field of a record: the column that holds it, and what is done with a value that is longer."""

    column: "Field[Any, Any]"
    excess: Excess
    longest: int | None = field(init=False, default=None)
    """Characters of a text."""
    bound: Decimal | None = field(init=False, default=None)
    """The absolute value of a number is below it."""
    range: tuple[int, int] | None = field(init=False, default=None)
    """The smallest and the largest number, where its table checks that."""

    def __post_init__(self) -> None:
        """Computed once, because an import asks for each value of each record."""
        if isinstance(self.column, DecimalField):
            self.bound = Decimal(10) ** ((self.column.max_digits or 0) - (self.column.decimal_places or 0))
            self.range = _RANGES.get((self.column.model, self.column.name))
        elif isinstance(self.column, CharField | TextField):
            self.longest = self.column.max_length

    def fits(self, value: Any) -> bool:
        if self.longest is not None:
            return len(value) <= self.longest
        if self.bound is None:
            return True
        least, most = self.range or (-self.bound, self.bound)
        return value.is_finite() and abs(value) < self.bound and least <= value <= most


def _limits(model: type[Model], **excess: Excess) -> dict[str, Limit]:
    return {name: Limit(_column(model, name), each) for name, each in excess.items()}


def _other_texts(record: type[Any], model: type[Model]) -> dict[str, Limit]:
    """Texts of a record that the table need not name: identifiers such as part numbers, of which many are alike."""
    columns = {column.name: column for column in model._meta.get_fields() if isinstance(column, CharField)}
    return {
        each.name: Limit(columns[each.name], Excess.LEAVE_OUT_IDENTIFIER)
        for each in fields(record)
        if each.name in columns and not columns[each.name].choices
    }


def _column(model: type[Model], name: str) -> "Field[Any, Any]":
    try:
        return model._meta.get_field(name)  # type: ignore[return-value]  # never a relation
    except FieldDoesNotExist:
        return Link._meta.get_field("external_id")


_CUT, _OUT, _IDENTIFIER, _REFUSE = Excess.CUT, Excess.LEAVE_OUT, Excess.LEAVE_OUT_IDENTIFIER, Excess.REFUSE
_ADDRESS = dict.fromkeys(
    ("first_name", "last_name", "company", "street", "street2", "city", "region", "postcode", "phone"), _CUT
)
_PEOPLE = dict.fromkeys(("first_name", "last_name", "company_name", "phone"), _CUT)
_AMOUNTS = dict.fromkeys(("net", "tax", "gross"), _OUT)

LIMITS: dict[type[Any], dict[str, Limit]] = {
    OrderRecord: _limits(
        orders.Order,
        external_id=_REFUSE,
        number=_REFUSE,
        currency=_REFUSE,
        total=_REFUSE,
        tax=_REFUSE,
        shipping_cost=_REFUSE,
        subtotal_net=_OUT,
        subtotal_gross=_OUT,
        total_net=_OUT,
        paid=_OUT,
        refunded=_OUT,
        exchange_rate=_OUT,
        base_currency=_OUT,
        source_status=_CUT,
        cart_id=_IDENTIFIER,
    )
    | {"customer_id": Limit(_column(orders.Order, "customer_reference"), _REFUSE)},
    OrderLineRecord: _limits(
        orders.OrderLine,
        external_id=_REFUSE,
        sku=_IDENTIFIER,
        vendor=_CUT,
        delivery_address=_IDENTIFIER,
        quantity=_REFUSE,
        quantity_cancelled=_REFUSE,
        quantity_refunded=_REFUSE,
        quantity_shipped=_REFUSE,
        unit_price=_REFUSE,
        **dict.fromkeys(("unit_price_net", "unit_price_gross", "total_net", "total_gross", "tax", "tax_rate"), _OUT),
        discount_net=_OUT,
        discount_gross=_OUT,
    ),
    AdjustmentRecord: _limits(
        orders.OrderAdjustment,
        title=_CUT,
        code=_IDENTIFIER,
        tax_rate=_OUT,
        discount_net=_OUT,
        discount_gross=_OUT,
        **_AMOUNTS,
    ),
    ShipmentRecord: _limits(orders.Shipment, external_id=_IDENTIFIER, carrier=_CUT),
    RefundRecord: _limits(
        orders.Refund,
        external_id=_IDENTIFIER,
        number=_IDENTIFIER,
        shipping_net=_OUT,
        shipping_gross=_OUT,
        adjustment=_OUT,
        **_AMOUNTS,
    ),
    RefundLineRecord: _limits(orders.RefundLine, quantity=_REFUSE, **_AMOUNTS),
    AddressRecord: _limits(orders.Address, external_id=_IDENTIFIER, country=_OUT, email=_IDENTIFIER, **_ADDRESS),
    CustomerRecord: _limits(
        orders.Customer,
        external_id=_REFUSE,
        email=_REFUSE,
        tax_id=_IDENTIFIER,
        accounting_id=_IDENTIFIER,
        discount_percentage=_OUT,
        **_PEOPLE,
    )
    | {"group": Limit(_column(orders.CustomerGroup, "name"), _OUT)},
    ProductRecord: _limits(catalog.Product, external_id=_REFUSE, slug=_CUT, product_type=_CUT),
    VariantRecord: _other_texts(VariantRecord, catalog.Variant)
    | _limits(
        catalog.Variant,
        external_id=_REFUSE,
        sku=_IDENTIFIER,
        barcode=_IDENTIFIER,
        weight_in_grams=_OUT,
        cart_image_url=_OUT,
        rrp=_OUT,
    ),
    StockLevelsRecord: _limits(catalog.Variant, external_id=_REFUSE, sku=_IDENTIFIER),
    # An image without an address, and stock without a location, are none: see _DROPPED.
    ImageRecord: _limits(catalog.Image, external_id=_IDENTIFIER, url=_OUT, alt=_CUT),
    StockRecord: _limits(catalog.Stock, quantity=_REFUSE, min_level=_OUT)
    | {"location": Limit(_column(catalog.StockLocation, "code"), _IDENTIFIER)},
    PriceRecord: _limits(catalog.Price, amount=_OUT, list_amount=_OUT),
    ConditionalPriceRecord: _limits(catalog.Price, amount=_OUT, list_amount=_OUT),
    PriceListRecord: _limits(catalog.PriceList, external_id=_REFUSE, name=_CUT, currency=_OUT),
    CategoryRecord: _limits(catalog.Category, external_id=_REFUSE, name=_CUT, slug=_CUT),
    BrandRecord: _limits(catalog.Brand, external_id=_REFUSE, name=_CUT, image_url=_OUT),
    FulfilmentRecord: _limits(orders.Order, external_id=_REFUSE),
}
# Fields of a record that hold further records, and the fields without which such a record is dropped.
PARTS: dict[type[Any], tuple[str, ...]] = {
    OrderRecord: ("lines", "adjustments", "shipments", "refunds", "addresses"),
    RefundRecord: ("lines",),
    CustomerRecord: ("addresses",),
    ProductRecord: ("variants", "images"),
    StockLevelsRecord: ("stock",),
    VariantRecord: ("price", "stock"),
    ConditionalPriceRecord: ("price_list",),
    GalleryRecord: ("images",),
    FulfilmentRecord: ("shipments",),
}
_DROPPED: dict[type[Any], str] = {
    ImageRecord: "url",
    StockRecord: "location",
    PriceRecord: "amount",
    ConditionalPriceRecord: "amount",
}
# Lists of texts and the columns that hold them. A text that is longer than the column's elements is left out.
LISTS: dict[type[Any], dict[str, "ArrayField[Any, Any]"]] = {
    CustomerRecord: {
        name: cast("ArrayField[Any, Any]", orders.Customer._meta.get_field(name))
        for name in ("sales_agent_groups", "price_lists")
    },
}


def apply_limits(record: Record) -> None:
    """Cut or leave out, in place, the values that their columns cannot hold, and add a problem for each."""
    _limit(record, record, ())


def _limit(record: Record, owner: Any, path: tuple[Any, ...]) -> bool:
    """Apply the limits to a record or part of one, and to its parts. Returns whether it still means something.

    `path`: the parts that lead from the record to it.
    """
    kind, essential = type(owner), _DROPPED.get(type(owner))
    lost = False
    for name, limit in LIMITS.get(kind, {}).items():
        value = getattr(owner, name, None)
        if value is None or limit.fits(value):
            continue
        record.problems.append(_problem(_label(limit.column, path), limit, value))
        if limit.excess is not Excess.REFUSE:
            setattr(owner, name, _replacement(limit, value))
            lost = lost or name == essential
    for name, array in LISTS.get(kind, {}).items():
        setattr(owner, name, _fitting(record, getattr(owner, name), array, path))
    for name in PARTS.get(kind, ()):
        _limit_parts(record, owner, name, path)
    # A price without an amount says that there is none (C3), unless its amount was left out here.
    return essential is None or not (lost if issubclass(kind, PriceRecord) else getattr(owner, essential) in (None, ""))


def _limit_parts(record: Record, owner: Any, name: str, path: tuple[Any, ...]) -> None:
    """Parts that lost the value without which they mean nothing, such as an image its address, are removed."""
    value = getattr(owner, name)
    if isinstance(value, list):
        kept = [part for part in value if _limit(record, part, (*path, part))]
        if len(kept) < len(value):
            setattr(owner, name, kept)
    elif value is not None and not _limit(record, value, (*path, value)):
        setattr(owner, name, None)


def _label(column: "Field[Any, Any]", path: tuple[Any, ...]) -> str:
    """The field, and what tells the part from its siblings."""
    name = str(column.verbose_name)
    part = next(filter(None, map(_part_label, reversed(path))), "")
    return f"{name} ({part})" if part else name


def _part_label(part: Any) -> str:
    """A line by its SKU or title, an address by its use: never by anything personal."""
    if isinstance(part, AddressRecord):
        return part.use
    if isinstance(part, OrderLineRecord | VariantRecord):
        name = part.sku or (part.title if isinstance(part, OrderLineRecord) else "") or part.external_id
        return name[:60]
    return ""


def _problem(field: str, limit: Limit, value: Any) -> Problem:
    if isinstance(value, Decimal):
        return issues.NUMBER_OUT_OF_RANGE(field=field, fatal=limit.excess is Excess.REFUSE)
    length, most = len(value), limit.column.max_length or 0
    if limit.excess is Excess.CUT:
        return issues.VALUE_CUT(field=field, length=length, limit=most)
    if limit.excess is Excess.LEAVE_OUT:
        return issues.VALUE_LEFT_OUT(field=field, length=length, limit=most)
    return issues.IDENTIFIER_TOO_LONG(field=field, length=length, limit=most, fatal=limit.excess is Excess.REFUSE)


def _replacement(limit: Limit, value: Any) -> Any:
    if isinstance(value, Decimal):
        return None
    return cut(value, limit.column.max_length or 0) if limit.excess is Excess.CUT else ""


def _fitting(record: Record, texts: list[str], array: "ArrayField[Any, Any]", path: tuple[Any, ...]) -> list[str]:
    """The texts that fit, with a problem for each of the others."""
    limit = array.base_field.max_length or 0
    record.problems += [
        issues.IDENTIFIER_TOO_LONG(field=_label(array, path), length=len(text), limit=limit, fatal=False)
        for text in texts
        if len(text) > limit
    ]
    return [text for text in texts if len(text) <= limit]
