"""`/v2/customer_groups`: with a price list or other discounts, and access to categories."""

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.responses import V2ApiError, no_content
from sandbox.platforms.bigcommerce.store import now
from sandbox.platforms.bigcommerce.v2 import count, found, listing, page_of
from sandbox.tables import Row

GROUP = Fields(
    required=("name",),
    name=Field("string", min_length=1),
    is_default=Field("boolean"),
    category_access=Field("object"),
    discount_rules=Field("array"),
    is_group_for_guests=Field("boolean"),
)


def _chosen(request: ApiRequest) -> list[Row]:
    query = request.query
    return [
        group
        for group in request.store.customer_groups
        if query.get("name", group["name"]) == group["name"]
        and query.get("name:like", "").lower() in group["name"].lower()
        and query.get("is_default", str(group["is_default"])).lower() == str(group["is_default"]).lower()
    ]


def list_groups(request: ApiRequest) -> Response:
    return listing(request, page_of(request, _chosen(request)))


def count_groups(request: ApiRequest) -> Response:
    return count(_chosen(request))


def get_group(request: ApiRequest) -> Response:
    return json_response(_group(request))


def create_group(request: ApiRequest) -> Response:
    groups = request.store.customer_groups
    fields = _checked(request, creating=True)
    defaults = {"is_default": False, "category_access": {"type": "all"}, "discount_rules": []}
    number = max((group["id"] for group in groups), default=0) + 1
    groups.append({"id": number, **defaults, "date_created": now(), "date_modified": now(), **fields})
    return json_response(groups[-1])


def change_group(request: ApiRequest) -> Response:
    group = _group(request)
    group.update(_checked(request, creating=False), date_modified=now())
    return json_response(group)


def delete_group(request: ApiRequest) -> Response:
    group = _group(request)
    request.store.customer_groups.remove(group)
    for customer in request.store.customers:
        if customer.get("customer_group_id") == group["id"]:
            request.store.customers.change(customer, {"customer_group_id": 0})
    return no_content()


def _checked(request: ApiRequest, *, creating: bool) -> Row:
    """The fields of the body. A group has a price list or discounts, never both."""
    if problems := GROUP.problems(request.body, creating=creating):
        raise V2ApiError(400, f"The group is not valid: {problems}")
    kinds = {rule["type"] for rule in request.body.get("discount_rules", ())}
    if "price_list" in kinds and len(kinds) > 1:
        raise V2ApiError(400, "A group with a price list cannot have other discounts.")
    return GROUP.writable(request.body)


def _group(request: ApiRequest) -> Row:
    groups = request.store.customer_groups
    return found(next((group for group in groups if group["id"] == request.path["group_id"]), None))


ONE = "/v2/customer_groups/{group_id:int}"
OPERATIONS = [
    Operation("GET", "/v2/customer_groups", list_groups),
    Operation("POST", "/v2/customer_groups", create_group),
    Operation("GET", "/v2/customer_groups/count", count_groups),
    Operation("GET", ONE, get_group),
    Operation("PUT", ONE, change_group),
    Operation("DELETE", ONE, delete_group),
]
