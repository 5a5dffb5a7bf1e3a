"""Variants: over all products (`/v3/catalog/variants`) and per product."""

from starlette.responses import Response

from sandbox.platforms.bigcommerce.answers import (
    BatchRefusal,
    Pager,
    Refusal,
    gone,
    invalid,
    many,
    not_found,
    one,
    too_many,
)
from sandbox.platforms.bigcommerce.api import Ask, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, list_of, pruned
from sandbox.platforms.bigcommerce.options import value_for
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

BATCH = 50
VARIANTS = 600
AMOUNT = Field("number", least=0, nullable=True)
SHORT = Field("string", longest=255)
VARIANT = Fields(
    sku=SHORT,
    price=AMOUNT,
    cost_price=AMOUNT,
    sale_price=AMOUNT,
    retail_price=AMOUNT,
    map_price=AMOUNT,
    weight=AMOUNT,
    width=AMOUNT,
    height=AMOUNT,
    depth=AMOUNT,
    is_free_shipping=Field("boolean"),
    fixed_cost_shipping_price=AMOUNT,
    purchasing_disabled=Field("boolean"),
    purchasing_disabled_message=SHORT,
    image_url=Field("string"),
    upc=Field("string", longest=14),
    mpn=Field("string"),
    gtin=Field("string", longest=14),
    inventory_level=Field("integer", least=0, most=2**31 - 1),
    inventory_warning_level=Field("integer", least=0, most=2**31 - 1),
    bin_picking_number=SHORT,
)
FILTERS = (
    Filters()
    .add("id", int, "in not_in min max greater less")
    .add("sku", str, "in")
    .add("upc")
    .add("product_id", int, "in")
)


def variant_view(store: Store, variant: Row) -> Row:
    """The variant as the vendor shows it: prices and weight of its own are null unless set."""
    full = store.variants.full(variant)
    values = full.pop("values", ())
    product = store.products.get(variant["product_id"])
    full["sku_id"] = variant["id"]
    price = full["price"] if full["price"] is not None or product is None else product.get("price")
    sale = full["sale_price"] or (product.get("sale_price") if product and full["price"] is None else None)
    full["calculated_price"] = sale or price
    own_weight = full["weight"]
    full["calculated_weight"] = own_weight if own_weight is not None or product is None else product.get("weight")
    options = store.options_.rows
    full["option_values"] = [
        {
            "id": number,
            "label": dict(options[option]["values"])[number],
            "option_id": option,
            "option_display_name": options[option]["display_name"],
        }
        for option, number in values
    ]
    return full


def list_variants(ask: Ask) -> Response:
    chosen = FILTERS.choose(ask.query, ask.store.variants)
    return _page(ask, chosen)


def list_of_product(ask: Ask) -> Response:
    FILTERS.tests(
        {name: value for name, value in ask.query.items() if name not in ("page", "limit")},
        ask.store.variants,
    )
    return _page(ask, ask.store.variants.of(ask.product()["id"]))


def _page(ask: Ask, rows: list[Row]) -> Response:
    pager = Pager(ask.query, ask.overlap)
    start, stop = pager.bounds
    page = [pruned(variant_view(ask.store, row), ask.query) for row in rows[start:stop]]
    ask.note(items=len(page))
    return pager.answer(page, len(rows))


def get_variant(ask: Ask) -> Response:
    return one(pruned(variant_view(ask.store, _variant(ask)), ask.query))


def post_variant(ask: Ask) -> Response:
    product = ask.product()
    VARIANT.checked(ask.body, creating=True)
    if not ask.body.get("option_values"):
        raise invalid({"option_values": "is required"})
    if len(ask.store.variants.of(product["id"])) >= VARIANTS:
        raise Refusal(422, f"A product has at most {VARIANTS} variants")
    check_sku(ask.store, ask.body, product["id"], 0)
    return one(variant_view(ask.store, create_variant(ask.store, product, ask.body)))


def create_variant(store: Store, product: Row, body: Row, *, quietly: bool = False) -> Row:
    """A new variant from a checked body. The base variant of a product that had no options makes way."""
    wanted = body["option_values"]
    if not isinstance(wanted, list) or not all(isinstance(value, dict) for value in wanted):
        raise invalid({"option_values": "must be a list of objects"})
    values = tuple(value_for(store, product["id"], value) for value in wanted)
    if any(set(row.get("values", ())) == set(values) for row in store.variants.of(product["id"])):
        raise Refusal(409, "A variant with these option values exists", {"option_values": "a duplicate"})
    base = store.base_variant(product)
    if base is not None:
        store.products.change(product, {"base_variant_id": None, "inventory_tracking": "variant"})
        store.remove_variant(base)
    fields = {**VARIANT.writable(body), "values": values}
    if quietly:
        return store.variants.add({"product_id": product["id"], **fields})
    return store.add_variant(product, fields)


def put_variant(ask: Ask) -> Response:
    """Answers 200 to changed option values as well, and leaves them as they are: so does the vendor."""
    variant = _variant(ask)
    fields = VARIANT.checked(ask.body, creating=False)
    ask.note(ignored=VARIANT.ignored(ask.body))
    check_sku(ask.store, fields, variant["product_id"], variant["id"])
    change_variant(ask.store, variant, fields)
    return one(variant_view(ask.store, variant))


def put_variants(ask: Ask) -> Response:
    """A batch with a bad item is refused whole (assumed), without saying where the item stood."""
    bodies = list_of(ask.body, BATCH, too_many)
    store = ask.store
    errors: list[Row] = []
    changes: list[tuple[Row, Row]] = []
    skus: set[str] = set()
    for body in bodies:
        problems = VARIANT.problems(body, creating=False)
        variant = store.variants.get(body["id"]) if isinstance(body, dict) and isinstance(body.get("id"), int) else None
        if variant is None:
            problems["id"] = "The variant was not found"
        elif not problems and (sku := body.get("sku")):
            if sku in skus or store.sku_taken(sku, variant["product_id"], variant["id"]):
                problems["sku"] = f"The SKU {sku} is in use"
            skus.add(sku)
        if problems or variant is None:
            errors.append(Refusal(422, "The variant is not valid", problems).body())
        else:
            changes.append((variant, VARIANT.writable(body)))
    if errors:
        raise BatchRefusal(errors)
    ask.note(ignored=tuple(sorted({name for body in bodies for name in VARIANT.ignored(body)} - {"id"})))
    for variant, fields in changes:
        change_variant(store, variant, fields)
    return many([variant_view(store, variant) for variant, _ in changes])


def change_variant(store: Store, variant: Row, fields: Row) -> None:
    product = store.products.get(variant["product_id"])
    if product is not None and product.get("base_variant_id") == variant["id"] and "sku" in fields:
        store.products.change(product, {"sku": fields["sku"]})
    store.change_variant(variant, fields)


def check_sku(store: Store, fields: Row, product_id: int, variant_id: int) -> None:
    if fields.get("sku") and store.sku_taken(fields["sku"], product_id, variant_id):
        raise Refusal(409, "The variant SKU is a duplicate", {"sku": f"The SKU {fields['sku']} is in use"})


def delete_variant(ask: Ask) -> Response:
    variant = _variant(ask)
    if ask.product().get("base_variant_id") == variant["id"]:
        raise Refusal(422, "The base variant of a product cannot be deleted")
    ask.store.remove_variant(variant)
    return gone()


def _variant(ask: Ask) -> Row:
    variant = ask.store.variants.get(ask.path["variant_id"])
    if variant is None or variant["product_id"] != ask.path["product_id"]:
        raise not_found("Variant")
    return variant


BASE = "/v3/catalog/products/{product_id:int}/variants"
OPERATIONS = [
    Operation("GET", "/v3/catalog/variants", list_variants),
    Operation("PUT", "/v3/catalog/variants", put_variants),
    Operation("GET", BASE, list_of_product),
    Operation("POST", BASE, post_variant),
    Operation("GET", BASE + "/{variant_id:int}", get_variant),
    Operation("PUT", BASE + "/{variant_id:int}", put_variant),
    Operation("DELETE", BASE + "/{variant_id:int}", delete_variant),
]
