"""Metafields of products: `/v3/catalog/products/metafields` for many, `/v3/catalog/products/{id}/metafields`."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, list_of
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, list_response, too_many
from sandbox.platforms.bigcommerce.store import now
from sandbox.tables import Row

# The vendor states no limit; assumed to be that of other calls for many items.
BATCH = 10
METAFIELD = Fields(
    required=("permission_set", "namespace", "key", "value", "resource_id"),
    permission_set=Field("string", choices=("app_only", "read", "write", "read_and_sf_access", "write_and_sf_access")),
    namespace=Field("string", min_length=1, max_length=64),
    key=Field("string", min_length=1, max_length=64),
    value=Field("string", min_length=1, max_length=65535),
    description=Field("string", max_length=255),
    resource_id=Field("integer"),
)
FILTERS = Filters("include_fields", "direction").add("key", str, "in").add("namespace", str, "in")


def metafield_view(row: Row) -> Row:
    about = {"resource_type": "product", "description": "", "owner_client_id": "sandbox-client"}
    return about | row


def list_all(request: ApiRequest) -> Response:
    return _page(request, lambda row: True)


def list_of_product(request: ApiRequest) -> Response:
    product = request.product()
    return _page(request, lambda row: bool(row["resource_id"] == product["id"]))


def _page(request: ApiRequest, wanted: Callable[[Row], bool]) -> Response:
    pager = Pager(request.query, request.overlap)
    found = [row for row in FILTERS.choose(request.query, request.store.metafields) if wanted(row)]
    start, stop = pager.bounds
    return pager.page_response([metafield_view(row) for row in found[start:stop]], len(found))


def create(request: ApiRequest) -> Response:
    bodies = list_of(request.body, BATCH, too_many)
    rows = [METAFIELD.checked(body, creating=True) for body in bodies]
    for row in rows:
        if request.store.products.get(row["resource_id"]) is None:
            raise ApiError(422, "The product was not found", {"resource_id": "was not found"})
        if any(_key(each) == _key(row) for each in request.store.metafields):
            raise ApiError(409, "The metafield exists already", {"key": "in use in this namespace of the product"})
    created = [request.store.metafields.add(row | {"date_created": now(), "date_modified": now()}) for row in rows]
    return list_response([metafield_view(row) for row in created])


def change(request: ApiRequest) -> Response:
    changed = []
    for body in list_of(request.body, BATCH, too_many):
        row = request.store.metafields.get(body.pop("id", 0)) if isinstance(body, dict) else None
        if row is None:
            raise ApiError(422, "The metafield was not found", {"id": "was not found"})
        fields = METAFIELD.checked(body, creating=False)
        request.store.metafields.change(row, fields | {"date_modified": now()})
        changed.append(metafield_view(row))
    return list_response(changed)


def delete(request: ApiRequest) -> Response:
    numbers = list_of(request.body, BATCH, too_many)
    for number in numbers:
        if number in request.store.metafields:
            request.store.metafields.remove(number)
    return list_response(numbers)


def _key(row: Row) -> tuple[Any, ...]:
    return row["resource_id"], row["namespace"], row["key"]


ALL = "/v3/catalog/products/metafields"
OPERATIONS = [
    Operation("GET", ALL, list_all),
    Operation("POST", ALL, create),
    Operation("PUT", ALL, change),
    Operation("DELETE", ALL, delete),
    Operation("GET", "/v3/catalog/products/{product_id:int}/metafields", list_of_product),
]
