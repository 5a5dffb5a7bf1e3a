"""`/v3/catalog/brands`. Brand names are unique."""

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, select_fields
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, item_response, no_content, not_found
from sandbox.platforms.bigcommerce.store import slug
from sandbox.tables import Row

BRAND = Fields(
    required=("name",),
    name=Field("string", min_length=1, max_length=255),
    page_title=Field("string", max_length=255),
    meta_keywords=Field("array"),
    meta_description=Field("string", max_length=65_535),
    search_keywords=Field("string", max_length=65_535),
    image_url=Field("string"),
    custom_url=Field("object"),
)
FILTERS = (
    Filters(sortable=("name",))
    .add("id", int, "in not_in min max greater less")
    .add("name", str, "like")
    .add("page_title")
)

DELETION_FILTERS = Filters().add("name").add("page_title")


def brand_view(request: ApiRequest, brand: Row) -> Row:
    full = request.store.brands.full(brand)
    full.setdefault("custom_url", {"url": slug(brand["name"]), "is_customized": False})
    return full


def list_brands(request: ApiRequest) -> Response:
    pager = Pager(request.query, request.overlap)
    chosen = FILTERS.choose(request.query, request.store.brands)
    start, stop = pager.bounds
    rows = [select_fields(brand_view(request, row), request.query) for row in chosen[start:stop]]
    request.annotate_call(items=len(rows))
    return pager.page_response(rows, len(chosen))


def get_brand(request: ApiRequest) -> Response:
    return item_response(select_fields(brand_view(request, _brand(request)), request.query))


def create_brand(request: ApiRequest) -> Response:
    fields = BRAND.checked(request.body, creating=True)
    _check_name(request, fields, None)
    return item_response(brand_view(request, request.store.brands.add(fields)))


def change_brand(request: ApiRequest) -> Response:
    brand = _brand(request)
    fields = BRAND.checked(request.body, creating=False)
    _check_name(request, fields, brand["id"])
    request.store.brands.change(brand, fields)
    return item_response(brand_view(request, brand))


def delete_brand(request: ApiRequest) -> Response:
    _remove(request, _brand(request))
    return no_content()


def delete_brands(request: ApiRequest) -> Response:
    if not DELETION_FILTERS.names(request.query):
        raise ApiError(422, "A filter is required to delete brands", {"name": "is required"})
    for brand in list(DELETION_FILTERS.choose(request.query, request.store.brands)):
        _remove(request, brand)
    return no_content()


def _remove(request: ApiRequest, brand: Row) -> None:
    request.store.brands.remove(brand["id"])
    for product in request.store.products:
        if product.get("brand_id") == brand["id"]:
            request.store.change_product(product, {"brand_id": 0})


def _check_name(request: ApiRequest, fields: Row, own: int | None) -> None:
    if "name" in fields and request.store.brands.find_id("name", fields["name"]) not in (None, own):
        raise ApiError(409, "The brand name is a duplicate", {"name": "The brand name is a duplicate"})


def _brand(request: ApiRequest) -> Row:
    brand = request.store.brands.get(request.path["brand_id"])
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
