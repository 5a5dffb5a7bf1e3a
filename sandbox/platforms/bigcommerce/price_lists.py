"""`/v3/pricelists` and their records: the price of a variant in a currency."""

from itertools import pairwise
from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, list_of, parse_datetime
from sandbox.platforms.bigcommerce.responses import (
    ApiError,
    BatchApiError,
    CursorPager,
    item_response,
    no_content,
    not_found,
    too_many,
)
from sandbox.platforms.bigcommerce.store import Store, now
from sandbox.tables import Row

BATCH = 1000
PAGE = 1000
MAX_CONCURRENT_PUTS = 2
PRICE_LIST = Fields(required=("name",), name=Field("string", min_length=1, max_length=255), active=Field("boolean"))
AMOUNT = Field("number", minimum=0, nullable=True)
RECORD = Fields(
    required=("currency", "price"),
    price=Field("number", minimum=0),
    sale_price=AMOUNT,
    retail_price=AMOUNT,
    map_price=AMOUNT,
    currency=Field("string", min_length=3, max_length=3),
    bulk_pricing_tiers=Field("array"),
)
TIER = Fields(
    required=("quantity_min", "quantity_max", "type", "amount"),
    quantity_min=Field("integer", minimum=1),
    quantity_max=Field("integer", minimum=1, maximum=2**31 - 1),
    type=Field("string", choices=("fixed", "price", "percent")),
    amount=Field("number", minimum=0),
)
LIST_FILTERS = (
    Filters()
    .add("id", int, "in", plain=False)
    .add("name", str, "like")
    .add("date_created", parse_datetime, "min max")
    .add("date_modified", parse_datetime, "min max")
)


def _amounts(filters: Filters) -> Filters:
    for name in ("price", "sale_price", "retail_price", "map_price"):
        filters.add(name, float, "min max")
    return filters


RECORD_FILTERS = _amounts(
    Filters("include")
    .add("variant_id", int, "in", plain=False)
    .add("currency", str.upper, "in")
    .add("date_created", parse_datetime, "min max")
    .add("date_modified", parse_datetime, "min max")
)


def record_view(store: Store, record: Row, include: str = "") -> Row:
    full = store.records.full(record)
    for name in ("id", "key"):
        del full[name]
    variant = store.variants.get(record["variant_id"])
    full["product_id"] = variant["product_id"] if variant else None
    full["calculated_price"] = full["sale_price"] or full["price"]
    if "sku" in include.split(","):
        full["sku"] = store.variants.value(variant, "sku") if variant else None
    if "bulk_pricing_tiers" not in include.split(","):
        del full["bulk_pricing_tiers"]
    return full


def list_price_lists(request: ApiRequest) -> Response:
    pager = CursorPager(request.query, request.overlap)
    rows = LIST_FILTERS.choose(request.query, request.store.price_lists)
    return pager.page_response(rows, lambda row: (row["id"],), lambda row: row)


def get_price_list(request: ApiRequest) -> Response:
    return item_response(_price_list(request))


def create_price_list(request: ApiRequest) -> Response:
    fields = PRICE_LIST.checked(request.body, creating=True)
    _check_name(request, fields, None)
    return item_response(
        request.store.price_lists.add({"active": True, **fields, "date_created": now(), "date_modified": now()})
    )


def change_price_list(request: ApiRequest) -> Response:
    price_list = _price_list(request)
    fields = PRICE_LIST.checked(request.body, creating=False)
    _check_name(request, fields, price_list["id"])
    request.store.price_lists.change(price_list, {**fields, "date_modified": now()})
    return item_response(price_list)


def delete_price_list(request: ApiRequest) -> Response:
    _remove(request.store, _price_list(request))
    return no_content()


def delete_price_lists(request: ApiRequest) -> Response:
    if not LIST_FILTERS.names(request.query):
        raise ApiError(422, "A filter is required to delete price lists", {"id:in": "or name"})
    for price_list in list(LIST_FILTERS.choose(request.query, request.store.price_lists)):
        _remove(request.store, price_list)
    return no_content()


def list_records(request: ApiRequest) -> Response:
    pager = CursorPager(request.query, request.overlap, maximum=PAGE)
    store, query = request.store, dict(request.query)
    list_id = _price_list(request)["id"]
    wanted = _variants_wanted(store, query)
    tests = RECORD_FILTERS.tests(query, store.records)
    rows = store.records.select(
        (
            list_id,
            *sorted((name, text) for name, text in request.query.items() if name not in ("page", "after", "before")),
        ),
        lambda: (
            row
            for row in store.records.in_group(list_id)
            if (wanted is None or row["variant_id"] in wanted) and all(test(row) for test in tests)
        ),
    )
    include = request.query.get("include", "")
    page_response = pager.page_response(rows, lambda row: (row["id"],), lambda row: record_view(store, row, include))
    request.annotate_call(items=pager.count)
    return page_response


def _variants_wanted(store: Store, query: dict[str, str]) -> set[int] | None:
    """Return the variants matching the filters on columns of other tables, and remove those filters from the query."""
    wanted: set[int] | None = None
    if "product_id:in" in query:
        products = [int(each) for each in query.pop("product_id:in").split(",") if each.isdecimal()]
        wanted = {row["id"] for product in products for row in store.variants.in_group(product)}
    skus = query.pop("sku:in", query.pop("sku", None))
    if skus is not None:
        named = {store.variants.find_id("sku", sku) for sku in skus.split(",")} - {None}
        wanted = named if wanted is None else wanted & named  # type: ignore[assignment]
    return wanted


def put_records(request: ApiRequest) -> Response:
    """As documented by the vendor: valid records are written even when invalid ones make the answer a 422."""
    price_list = _price_list(request)
    errors: list[Row] = []
    for body in list_of(request.body, BATCH, too_many):
        variant, problems = _record_problems(request.store, body)
        if problems or variant is None:
            named = body if isinstance(body, dict) else {}
            data = {name: named.get(name) for name in ("variant_id", "sku", "currency") if name in named}
            errors.append({"data": {"price_list_id": price_list["id"], **data}, "field_errors": problems})
        else:
            write_record(request.store, price_list["id"], variant["id"], RECORD.writable(body))
    if errors:
        raise BatchApiError(errors)
    return json_response({"data": {}, "meta": {}})


def _record_problems(store: Store, body: Any) -> tuple[Row | None, dict[str, str]]:
    problems = RECORD.problems(body, creating=True)
    if not isinstance(body, dict):
        return None, problems
    if "bulk_pricing_tiers" not in problems and not _are_tiers(body.get("bulk_pricing_tiers", [])):
        problems["bulk_pricing_tiers"] = "each needs a minimum and a maximum, and they must not overlap"
    number, sku = body.get("variant_id"), body.get("sku")
    if number is None and not sku:
        return None, {**problems, "variant_id": "variant_id or sku is required"}
    found = number if isinstance(number, int) else store.variants.find_id("sku", sku) if isinstance(sku, str) else None
    variant = store.variants.get(found) if found is not None else None
    if variant is None:
        problems["variant_id" if number is not None else "sku"] = "The variant was not found"
    if "currency" not in problems and str(body["currency"]).upper() not in store.currencies:
        problems["currency"] = "The store has no such currency"
    return variant, problems


def _are_tiers(tiers: list[Any]) -> bool:
    if any(TIER.problems(tier, creating=True) for tier in tiers):
        return False
    ranges = sorted((tier["quantity_min"], tier["quantity_max"]) for tier in tiers)
    return all(first <= last for first, last in ranges) and all(
        before[1] < after[0] for before, after in pairwise(ranges)
    )


def write_record(store: Store, list_id: int, variant_id: int, fields: Row) -> None:
    """Upsert by price list, variant and currency. Missing fields get their defaults."""
    fields["currency"] = fields["currency"].upper()
    key = (list_id, variant_id, fields["currency"])
    stored = store.records.find_id("key", key)
    if stored is None:
        row = {"key": key, "price_list_id": list_id, "variant_id": variant_id, **fields}
        store.records.add({**row, "date_created": now(), "date_modified": now()})
    else:
        row = store.records.rows[stored]
        cleared = {name: None for name in ("sale_price", "retail_price", "map_price") if name not in fields}
        store.records.change(row, {**cleared, **fields, "date_modified": now()})


def delete_records(request: ApiRequest) -> Response:
    store, query = request.store, dict(request.query)
    price_list = _price_list(request)
    if not query:
        raise ApiError(422, "A filter is required to delete records", {"variant_id:in": "or sku:in, or currency"})
    wanted = _variants_wanted(store, query)
    tests = RECORD_FILTERS.tests(query, store.records)
    for row in list(store.records.in_group(price_list["id"])):
        if (wanted is None or row["variant_id"] in wanted) and all(test(row) for test in tests):
            store.records.remove(row["id"])
    return no_content()


def _remove(store: Store, price_list: Row) -> None:
    for record in list(store.records.in_group(price_list["id"])):
        store.records.remove(record["id"])
    store.price_lists.remove(price_list["id"])


def _check_name(request: ApiRequest, fields: Row, own: int | None) -> None:
    if "name" in fields and request.store.price_lists.find_id("name", fields["name"]) not in (None, own):
        raise ApiError(409, "The price list name is a duplicate", {"name": "The price list name is a duplicate"})


def _price_list(request: ApiRequest) -> Row:
    price_list = request.store.price_lists.get(request.path["list_id"])
    if price_list is None:
        raise not_found("Price list")
    return price_list


OPERATIONS = [
    Operation("GET", "/v3/pricelists", list_price_lists),
    Operation("POST", "/v3/pricelists", create_price_list),
    Operation("DELETE", "/v3/pricelists", delete_price_lists),
    Operation("GET", "/v3/pricelists/{list_id:int}", get_price_list),
    Operation("PUT", "/v3/pricelists/{list_id:int}", change_price_list),
    Operation("DELETE", "/v3/pricelists/{list_id:int}", delete_price_list),
    Operation("GET", "/v3/pricelists/{list_id:int}/records", list_records),
    Operation(
        "PUT",
        "/v3/pricelists/{list_id:int}/records",
        put_records,
        concurrency_group="records",
        max_concurrent=MAX_CONCURRENT_PUTS,
    ),
    Operation("DELETE", "/v3/pricelists/{list_id:int}/records", delete_records),
]
