"""`/v3/catalog/products/{channel,category}-assignments`: the channels and categories of products."""

from collections.abc import Iterator

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, no_content
from sandbox.tables import Row

COLUMNS = {"channel_id": "channels", "category_id": "categories"}


def _wanted(request: ApiRequest, target: str) -> tuple[set[int] | None, set[int] | None]:
    found: list[set[int] | None] = []
    for name in ("product_id:in", f"{target}:in"):
        text = request.query.get(name)
        try:
            found.append(None if text is None else {int(each) for each in text.split(",")})
        except ValueError as error:
            raise ApiError(422, f"{name} is not valid", {name: "must be whole numbers"}) from error
    return found[0], found[1]


def _pairs(request: ApiRequest, target: str) -> Iterator[tuple[Row, int]]:
    products, targets = _wanted(request, target)
    table = request.store.products
    rows = table if products is None else (table.rows[each] for each in sorted(products) if each in table)
    for product in rows:
        for stored in product[COLUMNS[target]]:
            if targets is None or stored in targets:
                yield product, stored


def _list(request: ApiRequest, target: str) -> Response:
    pager = Pager(request.query, request.overlap)
    pairs = [{"product_id": product["id"], target: stored} for product, stored in _pairs(request, target)]
    start, stop = pager.bounds
    request.annotate_call(items=len(pairs[start:stop]))
    return pager.page_response(pairs[start:stop], len(pairs))


def _put(request: ApiRequest, target: str, known: list[int]) -> Response:
    if not isinstance(request.body, list) or not request.body:
        raise ApiError(422, "The body must be a list with at least one assignment")
    errors: dict[str, str] = {}
    for position, body in enumerate(request.body):
        if not isinstance(body, dict) or body.get("product_id") not in request.store.products.rows:
            errors[f"{position}.product_id"] = "The product was not found"
        elif body.get(target) not in known:
            errors[f"{position}.{target}"] = "was not found"
    if errors:
        raise ApiError(422, "Some assignments are not valid", errors)
    for body in request.body:
        product = request.store.products.rows[body["product_id"]]
        stored = product[COLUMNS[target]]
        if body[target] not in stored:
            _change(request, product, target, [*stored, body[target]], {body[target]}, "assigned")
    return no_content()


def _delete(request: ApiRequest, target: str) -> Response:
    if _wanted(request, target) == (None, None):
        raise ApiError(422, "At least one filter is required to delete assignments", {"filter": "is required"})
    for product, removed in list(_pairs(request, target)):
        stored = product[COLUMNS[target]]
        _change(request, product, target, [each for each in stored if each != removed], {removed}, "unassigned")
    return no_content()


def _change(request: ApiRequest, product: Row, target: str, wanted: list[int], touched: set[int], event: str) -> None:
    """Storefronts are not among what the vendor lists as changes of a product; categories are."""
    store, column = request.store, COLUMNS[target]
    changes = {column: type(product[column])(wanted)}
    if target == "channel_id":
        store.products.change(product, changes)
        scopes = [f"store/channel/{each}/product/{event}" for each in touched]
    else:
        store.change_product(product, changes)
        trees = {store.categories.rows[each]["tree_id"] for each in touched if each in store.categories}
        channels = [each for tree in store.trees if tree["id"] in trees for each in tree["channels"]]
        scopes = [f"store/channel/{each}/category/product/{event}" for each in channels]
    for scope in scopes:
        store.notify(scope, {"product_id": product["id"]})


def list_channels_of(request: ApiRequest) -> Response:
    return _list(request, "channel_id")


def put_channels_of(request: ApiRequest) -> Response:
    return _put(request, "channel_id", [channel["id"] for channel in request.store.channels])


def delete_channels_of(request: ApiRequest) -> Response:
    return _delete(request, "channel_id")


def list_categories_of(request: ApiRequest) -> Response:
    return _list(request, "category_id")


def put_categories_of(request: ApiRequest) -> Response:
    return _put(request, "category_id", list(request.store.categories.rows))


def delete_categories_of(request: ApiRequest) -> Response:
    return _delete(request, "category_id")


OPERATIONS = [
    Operation("GET", "/v3/catalog/products/channel-assignments", list_channels_of),
    Operation("PUT", "/v3/catalog/products/channel-assignments", put_channels_of, concurrency_group="assignments"),
    Operation(
        "DELETE", "/v3/catalog/products/channel-assignments", delete_channels_of, concurrency_group="assignments"
    ),
    Operation("GET", "/v3/catalog/products/category-assignments", list_categories_of),
    Operation("PUT", "/v3/catalog/products/category-assignments", put_categories_of, concurrency_group="assignments"),
    Operation(
        "DELETE", "/v3/catalog/products/category-assignments", delete_categories_of, concurrency_group="assignments"
    ),
]
