"""Changes and removes values of customers' attributes: `/v3/customers/attribute-values`."""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.customers import attribute_views
from sandbox.platforms.bigcommerce.fields import Field, Fields, list_of
from sandbox.platforms.bigcommerce.responses import ApiError, list_response, no_content, too_many
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

# The vendor states a limit for customers and addresses; for values it is assumed to be the same.
BATCH = 10
VALUE = Fields(
    required=("customer_id", "attribute_id", "value"),
    id=Field("integer"),
    customer_id=Field("integer"),
    attribute_id=Field("integer"),
    value=Field("string", max_length=255),
)


def put(request: ApiRequest) -> Response:
    """A value is identified by customer and attribute; one that does not exist is created."""
    bodies = list_of(request.body, BATCH, too_many)
    known = {attribute["id"] for attribute in request.store.customer_attributes}
    for body in bodies:
        fields = VALUE.checked(body, creating=True)
        if request.store.customers.get(fields["customer_id"]) is None:
            raise ApiError(422, "The customer was not found", {"customer_id": "was not found"})
        if fields["attribute_id"] not in known:
            raise ApiError(422, "The attribute was not found", {"attribute_id": "was not found"})
    for body in bodies:
        customer = request.store.customers.rows[body["customer_id"]]
        values = dict(customer.get("attributes", ())) | {body["attribute_id"]: body["value"]}
        _store(request.store, customer, values)
    changed = {(body["customer_id"], body["attribute_id"]) for body in bodies}
    rows = [row for each in sorted({number for number, _ in changed}) for row in _views(request.store, each)]
    return list_response([row for row in rows if (row["customer_id"], row["attribute_id"]) in changed])


def delete(request: ApiRequest) -> Response:
    if "id:in" not in request.query:
        raise ApiError(422, "id:in is required", {"id:in": "is required"})
    gone = set(request.query["id:in"].split(","))
    for customer in list(request.store.customers):
        kept = {
            row["attribute_id"]: row["attribute_value"]
            for row in attribute_views(customer)
            if str(row["id"]) not in gone
        }
        if len(kept) < len(customer.get("attributes", ())):
            _store(request.store, request.store.customers.rows[customer["id"]], kept)
    return no_content()


def _store(store: Store, customer: Row, values: dict[Any, Any]) -> None:
    store.customers.change(customer, {"attributes": tuple(values.items())})


def _views(store: Store, number: int) -> list[Row]:
    return attribute_views(store.customers.rows[number])


OPERATIONS = [
    Operation("PUT", "/v3/customers/attribute-values", put),
    Operation("DELETE", "/v3/customers/attribute-values", delete),
]
