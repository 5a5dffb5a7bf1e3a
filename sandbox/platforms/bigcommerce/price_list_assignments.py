"""`/v3/pricelists/assignments`: which customer groups and storefronts have a price list."""

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, list_of
from sandbox.platforms.bigcommerce.responses import ApiError, CursorPager, invalid, list_response, no_content, too_many

BATCH = 25
ASSIGNMENT = Fields(
    required=("price_list_id",),
    price_list_id=Field("integer", minimum=1),
    customer_group_id=Field("integer", minimum=0),
    channel_id=Field("integer", minimum=1),
)
FILTERS = (
    Filters()
    .add("id", int, "in")
    .add("price_list_id", int, "in")
    .add("customer_group_id", int, "in")
    .add("channel_id", int, "in")
)


def list_assignments(request: ApiRequest) -> Response:
    pager = CursorPager(request.query, request.overlap)
    rows = FILTERS.choose(request.query, request.store.price_list_assignments)
    return pager.page_response(rows, lambda row: (row["id"],), lambda row: row)


def create_assignments(request: ApiRequest) -> Response:
    store = request.store
    bodies = [ASSIGNMENT.checked(body, creating=True) for body in list_of(request.body, BATCH, too_many)]
    for body in bodies:
        if body["price_list_id"] not in store.price_lists:
            raise invalid({"price_list_id": "was not found"})
        group = next((each for each in store.customer_groups if each["id"] == body.get("customer_group_id")), None)
        if group and any(rule["type"] != "price_list" for rule in group["discount_rules"]):
            raise invalid({"customer_group_id": "has discounts"})
    return list_response([store.price_list_assignments.add(body) for body in bodies])


def delete_assignments(request: ApiRequest) -> Response:
    if not FILTERS.names(request.query):
        raise ApiError(422, "A filter is required to delete assignments", {"id": "is required"})
    for row in list(FILTERS.choose(request.query, request.store.price_list_assignments)):
        request.store.price_list_assignments.remove(row["id"])
    return no_content()


OPERATIONS = [
    Operation("GET", "/v3/pricelists/assignments", list_assignments),
    Operation("POST", "/v3/pricelists/assignments", create_assignments),
    Operation("DELETE", "/v3/pricelists/assignments", delete_assignments),
]
