"""`/v3/catalog/brands`: names are unique."""

from starlette.responses import Response

from sandbox.platforms.bigcommerce.answers import Pager, Refusal, gone, not_found, one
from sandbox.platforms.bigcommerce.api import Ask, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, pruned
from sandbox.platforms.bigcommerce.store import slug
from sandbox.tables import Row

BRAND = Fields(
    required=("name",),
    name=Field("string", shortest=1, longest=255),
    page_title=Field("string", longest=255),
    meta_keywords=Field("array"),
    meta_description=Field("string", longest=65_535),
    search_keywords=Field("string", longest=65_535),
    image_url=Field("string"),
    custom_url=Field("object"),
)
FILTERS = (
    Filters(sortable=("name",))
    .add("id", int, "in not_in min max greater less")
    .add("name", str, "like")
    .add("page_title")
)


def brand_view(ask: Ask, brand: Row) -> Row:
    full = ask.store.brands.full(brand)
    full.setdefault("custom_url", {"url": slug(brand["name"]), "is_customized": False})
    return full


def list_brands(ask: Ask) -> Response:
    pager = Pager(ask.query, ask.overlap)
    chosen = FILTERS.choose(ask.query, ask.store.brands)
    start, stop = pager.bounds
    rows = [pruned(brand_view(ask, row), ask.query) for row in chosen[start:stop]]
    ask.note(items=len(rows))
    return pager.answer(rows, len(chosen))


def get_brand(ask: Ask) -> Response:
    return one(pruned(brand_view(ask, _brand(ask)), ask.query))


def create_brand(ask: Ask) -> Response:
    fields = BRAND.checked(ask.body, creating=True)
    _check_name(ask, fields, None)
    return one(brand_view(ask, ask.store.brands.add(fields)))


def change_brand(ask: Ask) -> Response:
    brand = _brand(ask)
    fields = BRAND.checked(ask.body, creating=False)
    _check_name(ask, fields, brand["id"])
    ask.store.brands.change(brand, fields)
    return one(brand_view(ask, brand))


def delete_brand(ask: Ask) -> Response:
    _remove(ask, _brand(ask))
    return gone()


def delete_brands(ask: Ask) -> Response:
    if not FILTERS.names(ask.query):
        raise Refusal(422, "A filter is required to delete brands", {"name": "is required"})
    for brand in list(FILTERS.choose(ask.query, ask.store.brands)):
        _remove(ask, brand)
    return gone()


def _remove(ask: Ask, brand: Row) -> None:
    ask.store.brands.remove(brand["id"])
    for product in ask.store.products:
        if product.get("brand_id") == brand["id"]:
            ask.store.change_product(product, {"brand_id": 0})


def _check_name(ask: Ask, fields: Row, own: int | None) -> None:
    if "name" in fields and ask.store.brands.holder("name", fields["name"]) not in (None, own):
        raise Refusal(409, "The brand name is a duplicate", {"name": "The brand name is a duplicate"})


def _brand(ask: Ask) -> Row:
    brand = ask.store.brands.get(ask.path["brand_id"])
    if brand is None:
        raise not_found("Brand")
    return brand


OPERATIONS = [
    Operation("GET", "/v3/catalog/brands", list_brands),
    Operation("POST", "/v3/catalog/brands", create_brand),
    Operation("DELETE", "/v3/catalog/brands", delete_brands),
    Operation("GET", "/v3/catalog/brands/{brand_id:int}", get_brand),
    Operation("PUT", "/v3/catalog/brands/{brand_id:int}", change_brand),
    Operation("DELETE", "/v3/catalog/brands/{brand_id:int}", delete_brand),
]
