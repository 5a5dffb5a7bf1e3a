"""`/v3/catalog/products/{channel,category}-assignments`: which products stand where."""

from collections.abc import Iterator

from starlette.responses import Response

from sandbox.platforms.bigcommerce.answers import Pager, Refusal, gone
from sandbox.platforms.bigcommerce.api import Ask, Operation
from sandbox.tables import Row

COLUMNS = {"channel_id": "channels", "category_id": "categories"}


def _wanted(ask: Ask, target: str) -> tuple[set[int] | None, set[int] | None]:
    found: list[set[int] | None] = []
    for name in ("product_id:in", f"{target}:in"):
        text = ask.query.get(name)
        try:
            found.append(None if text is None else {int(each) for each in text.split(",")})
        except ValueError as error:
            raise Refusal(422, f"{name} is not valid", {name: "must be whole numbers"}) from error
    return found[0], found[1]


def _pairs(ask: Ask, target: str) -> Iterator[tuple[Row, int]]:
    products, targets = _wanted(ask, target)
    table = ask.store.products
    rows = table if products is None else (table.rows[each] for each in sorted(products) if each in table)
    for product in rows:
        for held in product[COLUMNS[target]]:
            if targets is None or held in targets:
                yield product, held


def _list(ask: Ask, target: str) -> Response:
    pager = Pager(ask.query, ask.overlap)
    pairs = [{"product_id": product["id"], target: held} for product, held in _pairs(ask, target)]
    start, stop = pager.bounds
    ask.note(items=len(pairs[start:stop]))
    return pager.answer(pairs[start:stop], len(pairs))


def _put(ask: Ask, target: str, known: list[int]) -> Response:
    if not isinstance(ask.body, list) or not ask.body:
        raise Refusal(422, "The body must be a list with at least one assignment")
    errors: dict[str, str] = {}
    for place, body in enumerate(ask.body):
        if not isinstance(body, dict) or body.get("product_id") not in ask.store.products.rows:
            errors[f"{place}.product_id"] = "The product was not found"
        elif body.get(target) not in known:
            errors[f"{place}.{target}"] = "was not found"
    if errors:
        raise Refusal(422, "Some assignments are not valid", errors)
    for body in ask.body:
        product = ask.store.products.rows[body["product_id"]]
        held = product[COLUMNS[target]]
        if body[target] not in held:
            ask.store.change_product(product, {COLUMNS[target]: type(held)([*held, body[target]])})
    return gone()


def _delete(ask: Ask, target: str) -> Response:
    if _wanted(ask, target) == (None, None):
        raise Refusal(422, "At least one filter must be given to delete assignments", {"filter": "is required"})
    for product, removed in list(_pairs(ask, target)):
        held = product[COLUMNS[target]]
        kept = type(held)(each for each in held if each != removed)
        ask.store.change_product(product, {COLUMNS[target]: kept})
    return gone()


def list_channels_of(ask: Ask) -> Response:
    return _list(ask, "channel_id")


def put_channels_of(ask: Ask) -> Response:
    return _put(ask, "channel_id", [channel["id"] for channel in ask.store.channels])


def delete_channels_of(ask: Ask) -> Response:
    return _delete(ask, "channel_id")


def list_categories_of(ask: Ask) -> Response:
    return _list(ask, "category_id")


def put_categories_of(ask: Ask) -> Response:
    return _put(ask, "category_id", list(ask.store.categories.rows))


def delete_categories_of(ask: Ask) -> Response:
    return _delete(ask, "category_id")


OPERATIONS = [
    Operation("GET", "/v3/catalog/products/channel-assignments", list_channels_of),
    Operation("PUT", "/v3/catalog/products/channel-assignments", put_channels_of, lane="assignments"),
    Operation("DELETE", "/v3/catalog/products/channel-assignments", delete_channels_of, lane="assignments"),
    Operation("GET", "/v3/catalog/products/category-assignments", list_categories_of),
    Operation("PUT", "/v3/catalog/products/category-assignments", put_categories_of, lane="assignments"),
    Operation("DELETE", "/v3/catalog/products/category-assignments", delete_categories_of, lane="assignments"),
]
