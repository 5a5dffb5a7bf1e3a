"""`/v3/catalog/products`: list, get, create, update, batch update and delete."""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import (
    Field,
    Fields,
    Filters,
    boolean,
    list_of,
    parse_datetime,
    requested_includes,
    select_fields,
)
from sandbox.platforms.bigcommerce.images import image_view, new_images
from sandbox.platforms.bigcommerce.modifiers import modifier_view
from sandbox.platforms.bigcommerce.options import option_view
from sandbox.platforms.bigcommerce.responses import (
    ApiError,
    Pager,
    invalid,
    item_response,
    no_content,
    not_found,
    too_many,
)
from sandbox.platforms.bigcommerce.store import DEFAULT_LOCATION, SHOP, Store, now, slug
from sandbox.platforms.bigcommerce.variants import VARIANT, change_variant, check_sku, create_variant, variant_view
from sandbox.tables import Row

BATCH = 10
DELETE_BATCH = 250
WITH_OPTIONS_PAGE = 10
VARIANTS = 600
INCLUDES = (
    "bulk_pricing_rules", "channels", "custom_fields", "images", "modifiers", "options", "parent_relations",
    "primary_image", "reviews", "variants", "videos",
)  # fmt: skip
AMOUNT = Field("number", minimum=0)
SIZE = Field("number", minimum=0, maximum=9_999_999_999)
COUNT = Field("integer", minimum=0, maximum=1_000_000_000)
SHORT = Field("string", max_length=255)
LONG = Field("string", max_length=65_535)
FLAG = Field("boolean")
INTEGER = Field("integer", minimum=-(2**31), maximum=2**31 - 1)

PRODUCT = Fields(
    # The categories are required in stores with the second version of the product form.
    required=("name", "type", "weight", "price", "categories"),
    name=Field("string", min_length=1, max_length=250),
    type=Field("string", choices=("physical", "digital")),
    sku=SHORT,
    description=Field("string"),
    weight=SIZE,
    width=SIZE,
    depth=SIZE,
    height=SIZE,
    price=AMOUNT,
    cost_price=AMOUNT,
    retail_price=AMOUNT,
    sale_price=AMOUNT,
    map_price=Field("number"),
    tax_class_id=Field("integer", minimum=0, maximum=255),
    product_tax_code=SHORT,
    categories=Field("array", max_length=1000),
    brand_id=COUNT,
    brand_name=Field("string", min_length=1),
    inventory_level=Field("integer", maximum=2**31 - 1),
    inventory_warning_level=Field("integer", minimum=0, maximum=2**31 - 1),
    inventory_tracking=Field("string", choices=("none", "product", "variant")),
    fixed_cost_shipping_price=AMOUNT,
    is_free_shipping=FLAG,
    is_visible=FLAG,
    is_featured=FLAG,
    related_products=Field("array"),
    warranty=LONG,
    bin_picking_number=SHORT,
    layout_file=Field("string", max_length=500),
    upc=Field("string", max_length=14),
    mpn=Field("string"),
    gtin=Field("string", max_length=14),
    search_keywords=LONG,
    availability=Field("string", choices=("available", "disabled", "preorder")),
    availability_description=SHORT,
    gift_wrapping_options_type=Field("string", choices=("any", "none", "list")),
    gift_wrapping_options_list=Field("array"),
    sort_order=INTEGER,
    condition=Field("string", choices=("New", "Used", "Refurbished")),
    is_condition_shown=FLAG,
    order_quantity_minimum=COUNT,
    order_quantity_maximum=COUNT,
    page_title=SHORT,
    meta_keywords=Field("array", max_length=65_535),
    meta_description=LONG,
    view_count=COUNT,
    preorder_release_date=Field("string", nullable=True),
    preorder_message=SHORT,
    is_preorder_only=FLAG,
    is_price_hidden=FLAG,
    price_hidden_label=Field("string", max_length=200),
    open_graph_type=Field(
        "string", choices=("product", "album", "book", "drink", "food", "game", "movie", "song", "tv_show")
    ),
    open_graph_title=Field("string"),
    open_graph_description=Field("string"),
    open_graph_use_meta_description=FLAG,
    open_graph_use_product_name=FLAG,
    open_graph_use_image=FLAG,
    date_last_imported=Field("string", nullable=True),
    reviews_rating_sum=Field("integer"),
    reviews_count=Field("integer"),
    total_sold=Field("integer"),
    custom_url=Field("object"),
    custom_fields=Field("array", max_length=255),
    bulk_pricing_rules=Field("array"),
    variants=Field("array", max_length=VARIANTS),
    images=Field("array", max_length=1000),
)
OPTION_VALUE = Fields(
    required=("option_display_name", "label"),
    option_display_name=Field("string", min_length=1, max_length=255),
    label=Field("string", min_length=1, max_length=255),
)
CUSTOM_FIELD = Fields(
    required=("name", "value"),
    name=Field("string", min_length=1, max_length=250),
    value=Field("string", min_length=1, max_length=250),
)


def _overlaps(stored: list[int], wanted: set[int]) -> bool:
    return not wanted.isdisjoint(stored)


def _integers(text: str) -> set[int]:
    return {int(part) for part in text.split(",")}


FILTERS = (
    Filters(
        "include",
        sortable=(
            "id", "name", "sku", "price", "date_modified", "date_last_imported", "inventory_level",
            "is_visible", "total_sold", "calculated_price",
        ),
    )
    .add("id", int, "in not_in min max greater less")
    .add("name")
    .add("sku", str, "in")
    .add("mpn")
    .add("upc")
    .add("price", float)
    .add("weight", float)
    .add("condition", str.capitalize)
    .add("brand_id", int)
    .add("date_modified", parse_datetime, "min max")
    .add("date_last_imported", parse_datetime, "min max not")
    .add("is_visible", boolean)
    .add("is_featured", boolean)
    .add("is_free_shipping", boolean)
    .add("inventory_level", int, "in not_in min max greater less")
    .add("total_sold", int)
    .add("type")
    .add("availability")
    .add_test("categories", int, lambda stored, wanted: stored == [wanted], "categories")
    .add_test("categories:in", _integers, _overlaps, "categories")
    .add_test("channel_id:in", _integers, _overlaps, "channels")
    .add_test("keyword", str.lower, lambda name, wanted: wanted in name.lower(), "name")
    .add_test("out_of_stock", boolean, lambda level, wanted: not wanted or level <= 0, "inventory_level")
)  # fmt: skip


def product_view(store: Store, product: Row, include: frozenset[str] = frozenset()) -> Row:
    """The product in the vendor's format, with the requested sub-resources."""
    full = store.products.full(product)
    url = full.pop("url", None)
    channels = full.pop("channels")
    custom = full.pop("custom_fields", ())
    full["custom_url"] = {"url": url or slug(full["name"]), "is_customized": url is not None}
    full["calculated_price"] = full["sale_price"] or full["price"]
    if "variants" in include:
        full["variants"] = [variant_view(store, variant) for variant in store.variants.in_group(product["id"])]
    if "images" in include:
        full["images"] = [image_view(store, image) for image in store.images.in_group(product["id"])]
    if "primary_image" in include:
        images = store.images.in_group(product["id"])
        first = next((image for image in images if image.get("is_thumbnail")), images[0] if images else None)
        full["primary_image"] = image_view(store, first) if first else None
    if "options" in include:
        full["options"] = [option_view(option) for option in store.options_.in_group(product["id"])]
    if "custom_fields" in include:
        full["custom_fields"] = list(custom)
    if "channels" in include:
        full["channels"] = list(channels)
    rules = full.pop("bulk_pricing_rules", ())
    if "bulk_pricing_rules" in include:
        full["bulk_pricing_rules"] = list(rules)
    if "modifiers" in include:
        full["modifiers"] = [modifier_view(each) for each in store.modifiers.in_group(product["id"])]
    for empty in include & {"parent_relations", "reviews", "videos"}:
        full[empty] = []
    return full


def list_products(request: ApiRequest) -> Response:
    include = requested_includes(request.query, INCLUDES)
    pager = Pager(request.query, request.overlap)
    if include & {"options", "modifiers"}:
        pager.limit = min(pager.limit, WITH_OPTIONS_PAGE)
    chosen = FILTERS.choose(request.query, request.store.products)
    start, stop = pager.bounds
    rows = [select_fields(product_view(request.store, row, include), request.query) for row in chosen[start:stop]]
    request.annotate_call(items=len(rows))
    return pager.page_response(rows, len(chosen))


def get_product(request: ApiRequest) -> Response:
    product = request.product()
    request.annotate_call(items=1)
    return item_response(
        select_fields(product_view(request.store, product, requested_includes(request.query, INCLUDES)), request.query)
    )


def get_product_or_404(store: Store, product_id: int) -> Row:
    product = store.products.get(product_id)
    if product is None:
        raise not_found(f"Product {product_id}")
    return product


def create_product(request: ApiRequest) -> Response:
    fields = PRODUCT.checked(request.body, creating=True)
    request.annotate_call(ignored=PRODUCT.ignored(request.body))
    store = request.store
    check_conflicts(store, fields, None)
    variants, images = fields.pop("variants", []), fields.pop("images", [])
    check_sub_resources(store, fields, variants, images)
    partial = to_columns(store, fields, None)
    created_at = now()
    sku = fields.get("sku", "")
    product = store.products.add(
        {"channels": (SHOP,), **fields, "date_created": created_at, "date_modified": created_at}
    )
    level = fields.get("inventory_level", 0)
    if variants:
        for body in variants:
            create_variant(store, product, body, with_product=True)
    else:
        base = store.variants.add({"product_id": product["id"], "sku": sku, "inventory_level": level})
        store.products.change(product, {"base_variant_id": base["id"]})
    new_images(store, product, images)
    store.publish("store/product/created", "product", product["id"])
    return write_response(
        [product_view(store, product, requested_includes(request.query, INCLUDES))], partial, single=True
    )


def change_product(request: ApiRequest) -> Response:
    product = request.product()
    fields = PRODUCT.checked(request.body, creating=False)
    request.annotate_call(ignored=PRODUCT.ignored(request.body))
    check_change(request.store, product, fields)
    partial = apply_change(request.store, product, fields)
    return write_response(
        [product_view(request.store, product, requested_includes(request.query, INCLUDES))], partial, single=True
    )


def change_products(request: ApiRequest) -> Response:
    """A batch is rejected as a whole, without naming the item at fault; 207 if part of an item failed."""
    bodies = list_of(request.body, BATCH, too_many)
    store = request.store
    changes = []
    for body in bodies:
        if not isinstance(body, dict) or not isinstance(body.get("id"), int):
            raise invalid({"id": "is required"})
        fields = PRODUCT.checked(body, creating=False)
        product = get_product_or_404(store, body["id"])
        check_change(store, product, fields)
        changes.append((product, fields))
    for name in ("name", "sku"):
        given = [fields[name] for _, fields in changes if fields.get(name)]
        if len(set(given)) < len(given):
            raise ApiError(409, f"The product {name} is a duplicate", {name: "occurs twice in the batch"})
    request.annotate_call(ignored=tuple(sorted({name for body in bodies for name in PRODUCT.ignored(body)} - {"id"})))
    partial: dict[str, str] = {}
    for product, fields in changes:
        partial |= apply_change(store, product, fields)
    return write_response([product_view(store, product) for product, _ in changes], partial, single=False)


def check_change(store: Store, product: Row, fields: Row) -> None:
    """Run every check that can reject a change, so that a rejected change has no effect."""
    check_conflicts(store, fields, product)
    for body in fields.get("variants", []):
        row = store.variants.get(body.get("id", 0)) if isinstance(body, dict) else None
        if row is None or row["product_id"] != product["id"]:
            raise invalid({"variants": "variants can only be updated by the ID of a variant of this product"})
        check_sku(store, VARIANT.checked(body, creating=False), product["id"], row["id"])
    check_sub_resources(store, fields, [], fields.get("images", []))


def check_conflicts(store: Store, fields: Row, product: Row | None) -> None:
    """Raise a 409 for a name or SKU in use, or an unknown category or brand."""
    own = product["id"] if product else None
    if "name" in fields and store.products.find_id("name", fields["name"]) not in (None, own):
        raise ApiError(409, "The product name is a duplicate", {"name": "The product name is a duplicate"})
    if fields.get("sku") and store.sku_taken(fields["sku"], own):
        raise ApiError(409, "The product SKU is a duplicate", {"sku": "The product SKU is a duplicate"})
    unknown = [each for each in fields.get("categories", ()) if each not in store.categories]
    if unknown:
        raise ApiError(409, "Invalid category", {"categories": f"not found: {', '.join(map(str, unknown))}"})
    if fields.get("brand_id") and fields["brand_id"] not in store.brands:
        raise ApiError(409, "Invalid brand", {"brand_id": f"not found: {fields['brand_id']}"})


def check_sub_resources(store: Store, fields: Row, variants: list[Any], images: list[Any]) -> None:
    for field in fields.get("custom_fields", []):
        CUSTOM_FIELD.checked(field, creating=True)
    url = fields.get("custom_url", {}).get("url", "/")
    if not isinstance(url, str) or not 1 <= len(url) <= 255:
        raise invalid({"custom_url.url": "must be a string of 1 to 255 characters"})
    check_new_variants(store, variants)
    for body in images:
        if not isinstance(body, dict) or not isinstance(body.get("image_url"), str) or len(body["image_url"]) > 255:
            raise invalid({"images.image_url": "must be a string of up to 255 characters"})


def check_new_variants(store: Store, variants: list[Any]) -> None:
    """Check the variants of a new product: unused SKUs, complete and distinct option values."""
    skus: set[str] = set()
    combinations: set[frozenset[tuple[str, str]]] = set()
    for body in variants:
        VARIANT.checked(body, creating=True)
        values = body.get("option_values")
        if not isinstance(values, list) or not values:
            raise invalid({"variants.option_values": "is required"})
        for value in values:
            OPTION_VALUE.checked(value, creating=True)
        combination = frozenset((value["option_display_name"], value["label"]) for value in values)
        if combination in combinations:
            raise ApiError(409, "Two variants have the same option values", {"variants.option_values": "duplicate"})
        combinations.add(combination)
        if sku := body.get("sku"):
            if sku in skus or store.sku_taken(sku, None):
                raise ApiError(409, "The variant SKU is a duplicate", {"variants.sku": f"The SKU {sku} is in use"})
            skus.add(sku)


def to_columns(store: Store, fields: Row, product: Row | None) -> dict[str, str]:
    """Turn the sent fields into columns. Returns the skipped fields, which are the partial failures of a 207."""
    partial: dict[str, str] = {}
    if "brand_name" in fields:
        name = fields.pop("brand_name")
        fields["brand_id"] = store.brands.find_id("name", name) or store.brands.add({"name": name})["id"]
    if "custom_url" in fields:
        url = fields.pop("custom_url").get("url")
        own = product["id"] if product else None
        if url and (not url.isascii() or store.products.find_id("url", url) not in (None, own)):
            partial["custom_url"] = "The URL is already in use or contains non-Latin characters"
        elif url:
            fields["url"] = url
    if fields.get("inventory_level", 0) < 0:
        partial["inventory_level"] = "Stock must not be negative"
        del fields["inventory_level"]
    if "custom_fields" in fields:
        fields["custom_fields"] = tuple(
            {"id": number, **CUSTOM_FIELD.writable(field)} for number, field in enumerate(fields["custom_fields"], 1)
        )
    if "bulk_pricing_rules" in fields:
        rules = enumerate(fields["bulk_pricing_rules"], 1)
        fields["bulk_pricing_rules"] = tuple({"id": number, **rule} for number, rule in rules)
    return partial


def apply_change(store: Store, product: Row, fields: Row) -> dict[str, str]:
    partial = to_columns(store, fields, product)
    variants, images = fields.pop("variants", []), fields.pop("images", None)
    base = store.base_variant(product)
    # The stock level of a product is the sum over its variants, so it can be set only with a single variant.
    level = fields.pop("inventory_level", None)
    if base is not None and "sku" in fields:
        store.variants.change(base, {"sku": fields["sku"]})
    if base is not None and level is not None:
        store.set_stock(base, DEFAULT_LOCATION, level)
    for body in variants:
        row = store.variants.get(body["id"])
        if row is not None:
            change_variant(store, row, VARIANT.writable(body))
    if images is not None:
        for image in list(store.images.in_group(product["id"])):
            store.images.remove(image["id"])
        new_images(store, product, images)
    store.change_product(product, fields)
    return partial


def write_response(rows: list[Row], partial: dict[str, str], *, single: bool) -> Response:
    if not partial:
        return json_response({"data": rows[0] if single else rows, "meta": {}})
    errors = {"status": 422, "title": "Some attributes could not be saved", "type": "", "errors": partial}
    return json_response({"data": rows, "errors": errors, "meta": {}}, 207)


def delete_product(request: ApiRequest) -> Response:
    product = request.store.products.get(request.path["product_id"])
    if product is not None:
        request.store.remove_product(product)
    return no_content()


def delete_products(request: ApiRequest) -> Response:
    """Delete at most 250 products, chosen by a mandatory filter."""
    if not FILTERS.names(request.query):
        raise ApiError(422, "A filter is required to delete products", {"filter": "at least one"})
    chosen = list(FILTERS.choose(request.query, request.store.products))
    if len(chosen) > DELETE_BATCH:
        raise ApiError(
            422, f"At most {DELETE_BATCH} products can be deleted at once", {"filter": f"{len(chosen)} match"}
        )
    request.annotate_call(items=len(chosen))
    for product in chosen:
        request.store.remove_product(product)
    return no_content()


OPERATIONS = [
    Operation("GET", "/v3/catalog/products", list_products),
    Operation("POST", "/v3/catalog/products", create_product),
    Operation("PUT", "/v3/catalog/products", change_products),
    Operation("DELETE", "/v3/catalog/products", delete_products),
    Operation("GET", "/v3/catalog/products/{product_id:int}", get_product),
    Operation("PUT", "/v3/catalog/products/{product_id:int}", change_product),
    Operation("DELETE", "/v3/catalog/products/{product_id:int}", delete_product),
]
