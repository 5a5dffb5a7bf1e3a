"""The products of an order: what a client sends, and `/v2/orders/{id}/products`.

Assumed, because no page of the vendor says so: lines that are not shipped (digital products, gift certificates) have no
address (`order_address_id` 0); `is_refunded` is set with the first refunded piece.
"""

from decimal import Decimal
from typing import Any

from starlette.responses import Response

from sandbox.money import ZERO, rounded
from sandbox.order_parts import LineParts
from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce import order_totals
from sandbox.platforms.bigcommerce.api import ApiRequest
from sandbox.platforms.bigcommerce.order_requests import order_of
from sandbox.platforms.bigcommerce.responses import V2ApiError
from sandbox.platforms.bigcommerce.store import Store
from sandbox.platforms.bigcommerce.v2 import listing, page_of
from sandbox.tables import Row

PHYSICAL, DIGITAL, GIFT_CERTIFICATE = "physical", "digital", "giftcertificate"
MANUAL_DISCOUNT: Row = {"id": "manual-discount", "name": "Manual Discount", "code": None, "target": "order"}


def amount(value: Any, name: str) -> Decimal:
    """An amount in a body: a number, or a number as text. Raises a 400."""
    try:
        found = Decimal(str(value))
    except ArithmeticError as error:
        raise V2ApiError(400, f"The field '{name}' is invalid.") from error
    if isinstance(value, bool) or not found.is_finite() or found < 0:
        raise V2ApiError(400, f"The field '{name}' is invalid.")
    return found


def price_pair(body: Row, name: str, *, inclusive: bool = False) -> Row | None:
    """The amount, without tax unless `inclusive`, and the tax rate of a pair of fields, `…_ex_tax` and `…_inc_tax`.

    Raises a 400 for one without the other. None if there is neither.
    """
    given = [body.get(f"{name}_{side}_tax") for side in ("ex", "inc")]
    if given == [None, None]:
        return None
    if None in given:
        missing = f"{name}_{'ex' if given[0] is None else 'inc'}_tax"
        raise V2ApiError(400, f"The field '{missing}' is required.")
    ex_tax, inc_tax = (amount(value, name) for value in given)
    if inc_tax < ex_tax:
        raise V2ApiError(400, f"The field '{name}_inc_tax' is invalid.")
    rate = (inc_tax - ex_tax) * 100 / ex_tax if ex_tax else ZERO
    return {"amount": str(inc_tax if inclusive else ex_tax), "tax_rate": str(rate)}


def line_of(store: Store, body: Any) -> Row:
    """A new line from a client: a product of the catalog, or a custom one with name and prices."""
    if not isinstance(body, dict) or not isinstance(body.get("quantity"), int) or body["quantity"] < 1:
        raise V2ApiError(400, "The field 'products' is invalid: quantity is required.")
    product = store.products.get(body.get("product_id") or 0)
    if product is None and not (body.get("name") and "price_ex_tax" in body and "price_inc_tax" in body):
        raise V2ApiError(400, "The field 'products' is invalid: product_id, or name and prices, are required.")
    variant = store.variants.get(body.get("variant_id") or (product or {}).get("base_variant_id") or 0)
    if product is not None and (variant is None or variant["product_id"] != product["id"]):
        raise V2ApiError(400, "The field 'products' is invalid: the variant of the product is required.")
    line: Row = {
        "product_id": product["id"] if product else 0,
        "variant_id": variant["id"] if variant else None,
        "name": body.get("name") or (product or {}).get("name"),
        "sku": variant["sku"] if variant else body.get("sku", ""),
        "quantity": body["quantity"],
        "price": str((store.variant_price(variant) if variant else 0) or 0),
    }
    if product and product.get("type") == DIGITAL:
        line["kind"] = DIGITAL
    return line | _prices(body)


def _prices(body: Row, *, inclusive: bool = False) -> Row:
    if price := price_pair(body, "price", inclusive=inclusive):
        return {"price": price["amount"], "tax_rate": price["tax_rate"]}
    return {}


def line_of_parts(store: Store, parts: LineParts) -> Row:
    """A line that a shopper bought. Raises ValueError for a SKU that the store does not have."""
    if parts.kind not in ("product", "variant", "custom", "digital", "gift_certificate"):
        raise ValueError(f"BigCommerce has no lines of the kind {parts.kind}")
    line: Row = {
        "product_id": 0,
        "variant_id": None,
        "name": parts.name or parts.sku or "Gift",
        "sku": parts.sku,
        "quantity": parts.quantity,
        "price": str(parts.price),
        "tax_rate": str(parts.tax_rate),
        "address": parts.address,
    }
    if parts.kind in ("product", "variant", "digital") and parts.sku:
        variant = store.variants.get(store.variants.find_id("sku", parts.sku) or 0)
        product = store.products.get(variant["product_id"]) if variant else None
        if variant is None or product is None:
            raise ValueError(f"the store has no SKU {parts.sku}")
        line |= {"product_id": product["id"], "variant_id": variant["id"], "name": parts.name or product["name"]}
    if parts.kind == "digital":
        line["kind"] = DIGITAL
    if parts.kind == "gift_certificate":
        line |= {"kind": GIFT_CERTIFICATE, "sku": "", "tax_rate": "0"}
    if parts.wrapping:
        line["wrapping"] = str(parts.wrapping)
    if parts.discount:
        name = "Product promotion"
        share: Row = {"id": "1", "name": name, "code": None, "target": "product", "amount": str(parts.discount)}
        line["discounts"] = [share]
    return line


def add_lines(order: Row, lines: list[Row]) -> None:
    """Append lines. Numbers of removed lines are not given again."""
    for line in lines:
        order["last_line"] = order.get("last_line", 0) + 1
        line["number"] = order["last_line"]
    order["lines"] = (*order.get("lines", ()), *lines)


def change_lines(store: Store, order: Row, bodies: list[Any]) -> None:
    """Change, remove (quantity 0) or add lines. A changed line loses all its discounts, as documented."""
    lines = {line_id(order, line): dict(line) for line in order["lines"]}
    inclusive, added = order.get("prices_include_tax", False), []
    for body in bodies:
        if not isinstance(body, dict) or "id" not in body:
            added.append(line_of(store, body))
            continue
        line = lines.get(body["id"])
        quantity = body.get("quantity", line["quantity"] if line else 0)
        if line is None or not isinstance(quantity, int) or quantity < 0:
            raise V2ApiError(400, "The field 'products' is invalid.")
        if not quantity:
            del lines[body["id"]]
            continue
        line |= {"quantity": quantity, **_prices(body, inclusive=inclusive)} | (
            {"name": body["name"]} if body.get("name") else {}
        )
        line.pop("discounts", None)
    if not lines and not added:
        raise V2ApiError(400, "The field 'products' is invalid: an order has at least one product.")
    order["lines"] = tuple(lines.values())
    add_lines(order, added)


def set_manual_discount(order: Row, discount: Decimal) -> None:
    """Replace the manual discount of the order."""
    for line in order["lines"]:
        others = [each for each in line.get("discounts", ()) if each["id"] != MANUAL_DISCOUNT["id"]]
        line["discounts"] = others
    subtotal = order_totals.OrderTotals.of(order).subtotal
    if discount > (subtotal.inc_tax if order.get("prices_include_tax") else subtotal.ex_tax) - subtotal.discount:
        raise V2ApiError(400, "The field 'discount_amount' is invalid.")
    order_totals.shared_discount(order, discount, MANUAL_DISCOUNT)


def line_id(order: Row, line: Row) -> int:
    """A line's ID is the order's ID times 1,000 plus its number."""
    return int(order["id"]) * 1000 + int(line["number"])


def address_id(order: Row, place: int) -> int:
    return int(order["id"]) * 10 + place


def is_shipped(line: Row) -> bool:
    """Whether a line needs a shipment at all."""
    return line.get("kind", PHYSICAL) == PHYSICAL


def shipped(store: Store, order: Row) -> dict[int, int]:
    """Return the shipped quantities by the ID of the order's product."""
    counts: dict[int, int] = {}
    for shipment in store.shipments.in_group(order["id"]):
        for item in shipment["items"]:
            counts[item["order_product_id"]] = counts.get(item["order_product_id"], 0) + item["quantity"]
    return counts


def left_to_ship(line: Row, sent: int) -> int:
    return max(0, int(line["quantity"]) - int(line.get("refunded", 0)) - sent) if is_shipped(line) else 0


def text(value: Decimal) -> str:
    return f"{value:.4f}"


def sides(name: str, found: order_totals.Amount, *, base: str, inclusive: bool) -> Row:
    """The four fields of an amount: `base`, `…_ex_tax`, `…_inc_tax`, `…_tax`."""
    return {
        base: text(found.inc_tax if inclusive else found.ex_tax),
        f"{name}_ex_tax": text(found.ex_tax),
        f"{name}_inc_tax": text(found.inc_tax),
        f"{name}_tax": text(found.tax),
    }


def line_view(store: Store, order: Row, line: Row) -> Row:
    """A product of an order."""
    inclusive = order.get("prices_include_tax", False)
    price, whole = order_totals.line_price(order, line), order_totals.line_amount(order, line)
    wrapping = order_totals.wrapping_amount(order, line)
    refunded = line.get("refunded", 0)
    return {
        "id": line_id(order, line),
        "order_id": order["id"],
        "product_id": line["product_id"],
        "variant_id": line["variant_id"],
        "order_pickup_method_id": 0,
        "order_address_id": address_id(order, line.get("address", 0)) if is_shipped(line) else 0,
        "name": line["name"],
        "name_customer": line["name"],
        "name_merchant": line["name"],
        "sku": line["sku"],
        "upc": "",
        "brand": _brand(store, line["product_id"]),
        "type": line.get("kind", PHYSICAL),
        **sides("price", price, base="base_price", inclusive=inclusive),
        "price_tax": text(price.inc_tax - price.ex_tax),
        **sides("total", whole, base="base_total", inclusive=inclusive),
        "discounted_total_inc_tax": text(whole.after_discount(inclusive=inclusive).inc_tax),
        "quantity": line["quantity"],
        "quantity_shipped": shipped(store, order).get(line_id(order, line), 0),
        "quantity_refunded": refunded,
        "is_refunded": refunded > 0,
        "refund_amount": text(ZERO),
        "return_id": 0,
        "wrapping_id": 1 if wrapping.inc_tax else 0,
        "wrapping_name": "Gift wrapping" if wrapping.inc_tax else "",
        "wrapping_message": "",
        **sides("wrapping_cost", wrapping, base="base_wrapping_cost", inclusive=inclusive),
        "fixed_shipping_cost": text(ZERO),
        "parent_order_product_id": None,
        "is_bundled_product": False,
        "applied_discounts": [{**each, "amount": text(Decimal(each["amount"]))} for each in line.get("discounts", ())],
        "product_options": [
            {"id": line_id(order, line) * 10 + place, "order_product_id": line_id(order, line), **each}
            for place, each in enumerate(line.get("chosen", ()))
        ],
        "configurable_fields": [],
        "gift_certificate_id": None,
    }


def _brand(store: Store, product_id: int) -> str:
    product = store.products.get(product_id) or {}
    brand = store.brands.get(product.get("brand_id") or 0)
    return brand["name"] if brand else ""


def refunded_share(order: Row, line: Row, count: int) -> order_totals.Amount:
    """What the next `count` pieces of a line were charged at. The shares of all pieces add up to the line."""
    whole = order_totals.line_amount(order, line).after_discount(inclusive=order.get("prices_include_tax", False))
    start = line.get("refunded", 0)

    def part(value: Decimal) -> Decimal:
        places, quantity = order_totals.places(order), line["quantity"]
        upto, before = (rounded(value * pieces / quantity, places) for pieces in (start + count, start))
        return upto - before

    inc_tax, tax = part(whole.inc_tax), part(whole.tax)
    return order_totals.Amount(inc_tax - tax, inc_tax, tax)


def list_lines(request: ApiRequest) -> Response:
    order = order_of(request)
    lines = page_of(request, list(order["lines"]))
    return listing(request, [line_view(request.store, order, line) for line in lines])


def show_line(request: ApiRequest) -> Response:
    order = order_of(request)
    line = next((each for each in order["lines"] if line_id(order, each) == request.path["line_id"]), None)
    if line is None:
        raise V2ApiError(404, "The requested resource was not found.")
    return json_response(line_view(request.store, order, line))
