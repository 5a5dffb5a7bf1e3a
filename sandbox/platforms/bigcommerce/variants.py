"""Variants: across all products (`/v3/catalog/variants`) and per product."""

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, list_of, select_fields
from sandbox.platforms.bigcommerce.options import known_value, named_value
from sandbox.platforms.bigcommerce.responses import (
    ApiError,
    BatchApiError,
    Pager,
    invalid,
    item_response,
    list_response,
    no_content,
    not_found,
    too_many,
)
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

BATCH = 50
VARIANTS = 600
AMOUNT = Field("number", minimum=0, nullable=True)
SHORT = Field("string", max_length=255)
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
    upc=Field("string", max_length=14),
    mpn=Field("string"),
    gtin=Field("string", max_length=14),
    inventory_level=Field("integer", minimum=0, maximum=2**31 - 1),
    inventory_warning_level=Field("integer", minimum=0, maximum=2**31 - 1),
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
    """The variant in the vendor's format: its own price and weight are null unless set."""
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


def list_variants(request: ApiRequest) -> Response:
    """The SKU of a product without options is found among products only."""
    store = request.store
    chosen = FILTERS.choose(request.query, store.variants)
    if {"sku", "sku:in"} & request.query.keys():
        chosen = [row for row in chosen if not _is_base(store, row)]
    return _page(request, chosen)


def _is_base(store: Store, variant: Row) -> bool:
    return (store.products.get(variant["product_id"]) or {}).get("base_variant_id") == variant["id"]


def list_of_product(request: ApiRequest) -> Response:
    FILTERS.tests(
        {name: value for name, value in request.query.items() if name not in ("page", "limit")},
        request.store.variants,
    )
    return _page(request, request.store.variants.in_group(request.product()["id"]))


def _page(request: ApiRequest, rows: list[Row]) -> Response:
    pager = Pager(request.query, request.overlap)
    start, stop = pager.bounds
    page = [select_fields(variant_view(request.store, row), request.query) for row in rows[start:stop]]
    request.annotate_call(items=len(page))
    return pager.page_response(page, len(rows))


def get_variant(request: ApiRequest) -> Response:
    return item_response(select_fields(variant_view(request.store, _variant(request)), request.query))


def post_variant(request: ApiRequest) -> Response:
    product = request.product()
    VARIANT.checked(request.body, creating=True)
    if not request.body.get("option_values"):
        raise invalid({"option_values": "is required"})
    if len(request.store.variants.in_group(product["id"])) >= VARIANTS:
        raise ApiError(422, f"A product has at most {VARIANTS} variants")
    check_sku(request.store, request.body, product["id"], 0)
    return item_response(variant_view(request.store, create_variant(request.store, product, request.body)))


def create_variant(store: Store, product: Row, body: Row, *, with_product: bool = False) -> Row:
    """Create a variant from a validated body. It replaces the base variant of a product without options."""
    wanted = body["option_values"]
    if not isinstance(wanted, list) or not all(isinstance(value, dict) for value in wanted):
        raise invalid({"option_values": "must be a list of objects"})
    find = named_value if with_product else known_value
    values = tuple(find(store, product["id"], value) for value in wanted)
    if any(set(row.get("values", ())) == set(values) for row in store.variants.in_group(product["id"])):
        raise ApiError(409, "A variant with these option values exists", {"option_values": "duplicate"})
    base = store.base_variant(product)
    if base is not None:
        store.products.change(product, {"base_variant_id": None, "inventory_tracking": "variant"})
        store.remove_variant(base)
    fields = {**VARIANT.writable(body), "values": values}
    if with_product:
        return store.variants.add({"product_id": product["id"], **fields})
    return store.add_variant(product, fields)


def put_variant(request: ApiRequest) -> Response:
    """As at the vendor, changed option values are ignored."""
    variant = _variant(request)
    fields = VARIANT.checked(request.body, creating=False)
    request.annotate_call(ignored=VARIANT.ignored(request.body))
    check_sku(request.store, fields, variant["product_id"], variant["id"])
    change_variant(request.store, variant, fields)
    return item_response(variant_view(request.store, variant))


def put_variants(request: ApiRequest) -> Response:
    """A batch with an invalid item is rejected as a whole (assumed), without the position of the item."""
    bodies = list_of(request.body, BATCH, too_many)
    store = request.store
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
            errors.append(ApiError(422, "The variant is not valid", problems).body())
        else:
            changes.append((variant, VARIANT.writable(body)))
    if errors:
        raise BatchApiError(errors)
    request.annotate_call(ignored=tuple(sorted({name for body in bodies for name in VARIANT.ignored(body)} - {"id"})))
    for variant, fields in changes:
        change_variant(store, variant, fields)
    return list_response([variant_view(store, variant) for variant, _ in changes])


def change_variant(store: Store, variant: Row, fields: Row) -> None:
    product = store.products.get(variant["product_id"])
    if product is not None and product.get("base_variant_id") == variant["id"] and "sku" in fields:
        store.products.change(product, {"sku": fields["sku"]})
    store.change_variant(variant, fields)


def check_sku(store: Store, fields: Row, product_id: int, variant_id: int) -> None:
    if fields.get("sku") and store.sku_taken(fields["sku"], product_id, variant_id):
        raise ApiError(409, "The variant SKU is a duplicate", {"sku": f"The SKU {fields['sku']} is in use"})


def delete_variant(request: ApiRequest) -> Response:
    variant = _variant(request)
    if request.product().get("base_variant_id") == variant["id"]:
        raise ApiError(422, "The base variant of a product cannot be deleted")
    request.store.remove_variant(variant)
    return no_content()


def _variant(request: ApiRequest) -> Row:
    variant = request.store.variants.get(request.path["variant_id"])
    if variant is None or variant["product_id"] != request.path["product_id"]:
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
