"""What an order costs, by the shop's own rules (row based calculation of tax).

The fields are documented (Admin REST schema 2.4.8), how they hang together is seen in the shop's own code
(`Tax/Model/Sales/Total/Quote/CommonTaxCollector.php`, `SalesRule/Model/Quote/Discount.php`):

- `price` and `row_total` are without tax, `…_incl_tax` with tax, all before discounts; `discount_amount` of an item is
  positive, that of the order negative. Prices that are entered with tax are discounted with tax;
- `tax_amount` is that of the discounted row (or of the whole row, if the shop taxes before discounts); the tax within
  the discount of prices with tax is `discount_tax_compensation_amount`;
- `grand_total` is subtotal, shipping, tax and compensation, less discounts, gift cards and store credit;
- the item of a bundle with dynamic price repeats the sums of its children, which alone count.

Amounts in the base currency are those in the order's, divided by `base_to_order_rate`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sandbox.money import ZERO, places_of, rounded
from sandbox.platforms.magento.responses import Row

HUNDRED = Decimal(100)
# Amounts of an item that a bundle with dynamic price sums up.
SUMMED = ("row_total", "row_total_incl_tax", "tax_amount", "discount_tax_compensation_amount")


@dataclass(frozen=True, slots=True)
class Rules:
    """How a shop computes an order, and its currencies. `rate`: units of the order's currency for one of the base."""

    currency: str
    base_currency: str
    rate: Decimal = Decimal(1)
    prices_include_tax: bool = False
    tax_before_discount: bool = False

    @property
    def places(self) -> int:
        return places_of(self.currency)

    def in_base(self, amount: Decimal) -> Decimal:
        return rounded(amount / self.rate, places_of(self.base_currency))


def number(row: Row, name: str) -> Decimal:
    """An amount or quantity of a row, exactly; 0 if there is none."""
    return Decimal(str(row.get(name) or 0))


def put(row: Row, rules: Rules, **amounts: Decimal) -> None:
    """Set amounts in the order's and in the base currency."""
    for name, amount in amounts.items():
        row[name] = float(amount)
        row[f"base_{name}"] = float(rules.in_base(amount))


def tax_within(amount: Decimal, percent: Decimal, rules: Rules) -> Decimal:
    """The tax of an amount, in which it is contained or not, as the shop's prices are entered."""
    share = HUNDRED + percent if rules.prices_include_tax else HUNDRED
    return rounded(amount * percent / share, rules.places)


def price_item(item: Row, entered: Decimal, percent: Decimal, discount: Decimal, rules: Rules) -> None:
    """Fill in the amounts of an item: `entered` is the price of one piece, `discount` that of the row."""
    quantity = number(item, "qty_ordered")
    row = rounded(entered * quantity, rules.places)
    whole, discount = tax_within(row, percent, rules), rounded(discount, rules.places)
    tax = whole if rules.tax_before_discount else tax_within(row - discount, percent, rules)
    unit_tax = tax_within(entered, percent, rules)
    with_tax = rules.prices_include_tax
    put(
        item,
        rules,
        price=entered - unit_tax if with_tax else entered,
        price_incl_tax=entered if with_tax else entered + unit_tax,
        original_price=entered,
        row_total=row - whole if with_tax else row,
        row_total_incl_tax=row if with_tax else row + whole,
        discount_amount=discount,
        tax_amount=tax,
        discount_tax_compensation_amount=whole - tax if with_tax else ZERO,
    )
    item["tax_percent"] = float(percent)
    item["discount_percent"] = 0


def sum_children(parent: Row, children: list[Row], rules: Rules) -> None:
    """Fill in the item of a bundle with dynamic price."""
    amounts = {name: sum((number(each, name) for each in children), ZERO) for name in SUMMED}
    quantity = number(parent, "qty_ordered")
    put(
        parent,
        rules,
        price=rounded(amounts["row_total"] / quantity, rules.places),
        price_incl_tax=rounded(amounts["row_total_incl_tax"] / quantity, rules.places),
        original_price=rounded(amounts["row_total"] / quantity, rules.places),
        discount_amount=ZERO,
        **amounts,
    )
    parent["tax_percent"] = float(number(children[0], "tax_percent"))
    parent["discount_percent"] = 0


def children_of(items: Iterable[Row], parent: Row) -> list[Row]:
    return [each for each in items if each.get("parent_item_id") == parent["item_id"]]


def is_dynamic(items: list[Row], item: Row) -> bool:
    """Whether an item only repeats the amounts of its children."""
    return item["product_type"] == "bundle" and any(number(each, "price") for each in children_of(items, item))


def counted(items: list[Row]) -> list[Row]:
    """The items that amounts are on: children of dynamic bundles, else the items without a parent."""
    dynamic = {item["item_id"] for item in items if is_dynamic(items, item)}
    return [
        item
        for item in items
        if (item.get("parent_item_id") in dynamic if item.get("parent_item_id") else item["item_id"] not in dynamic)
    ]


def total_order(order: Row, shipping: Decimal, percent: Decimal, rules: Rules) -> None:
    """Fill in the totals of an order from its items. `shipping` is entered as prices are."""
    items = counted(order["items"])
    sums = {name: sum((number(each, name) for each in items), ZERO) for name in (*SUMMED, "discount_amount")}
    shipping_tax = tax_within(shipping, percent, rules)
    shipping_net = shipping - shipping_tax if rules.prices_include_tax else shipping
    extension = order["extension_attributes"]
    paid_by_credit = number(extension, "gift_cards_amount") + number(extension, "customer_balance_amount")
    tax, compensation = sums["tax_amount"] + shipping_tax, sums["discount_tax_compensation_amount"]
    total = sums["row_total"] + shipping_net + tax + compensation - sums["discount_amount"] - paid_by_credit
    put(
        order,
        rules,
        subtotal=sums["row_total"],
        subtotal_incl_tax=sums["row_total_incl_tax"],
        discount_amount=-sums["discount_amount"],
        shipping_amount=shipping_net,
        shipping_incl_tax=shipping_net + shipping_tax,
        shipping_tax_amount=shipping_tax,
        shipping_discount_amount=ZERO,
        tax_amount=tax,
        discount_tax_compensation_amount=compensation,
        grand_total=total,
        total_due=total - number(order, "total_paid"),
    )
    order["total_qty_ordered"] = float(sum((number(each, "qty_ordered") for each in top(order["items"])), ZERO))


def top(items: list[Row]) -> list[Row]:
    return [item for item in items if not item.get("parent_item_id")]
