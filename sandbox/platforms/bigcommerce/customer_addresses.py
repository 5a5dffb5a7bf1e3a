"""Creates, changes and deletes addresses of customers: `/v3/customers/addresses`."""

from itertools import count
from typing import Any

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.customers import ADDRESS, BATCH, address_views
from sandbox.platforms.bigcommerce.fields import list_of
from sandbox.platforms.bigcommerce.responses import ApiError, list_response, no_content, too_many
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

# An address is unique by all of these; a second one is not created.
CORE = (
    "first_name", "last_name", "company", "phone", "address_type", "address1", "address2", "city", "country_code",
    "state_or_province", "postal_code",
)  # fmt: skip
_NUMBERS = count(1_000_000)


def create(request: ApiRequest) -> Response:
    bodies = list_of(request.body, BATCH, too_many)
    created = []
    for body in bodies:
        number = body.pop("customer_id", None) if isinstance(body, dict) else None
        customer = request.store.customers.get(number) if isinstance(number, int) else None
        if customer is None:
            raise ApiError(422, "The customer was not found", {"customer_id": f"{number} was not found"})
        address = ADDRESS.checked(body, creating=True)
        for name in ("state_or_province", "postal_code"):
            if name not in address:
                raise ApiError(422, "Fields are missing", {name: "is required"})
        stored = address_views(customer)
        if any(all((each.get(name) or "") == (address.get(name) or "") for name in CORE) for each in stored):
            continue
        row = ADDRESS.writable(body) | {"id": next(_NUMBERS)}
        _store(request.store, customer, [*stored, row])
        created.append(row | {"customer_id": customer["id"]})
    return list_response(created)


def change(request: ApiRequest) -> Response:
    changed = []
    for body in list_of(request.body, BATCH, too_many):
        number = body.pop("id", None) if isinstance(body, dict) else None
        customer = _customer_of(request.store, number)
        if customer is None:
            raise ApiError(422, "The address was not found", {"id": f"{number} was not found"})
        ADDRESS.checked(body, creating=False)
        rows = [each | (ADDRESS.writable(body) if each["id"] == number else {}) for each in address_views(customer)]
        _store(request.store, customer, rows)
        changed.append(next(each for each in rows if each["id"] == number))
    return list_response(changed)


def delete(request: ApiRequest) -> Response:
    if "id:in" not in request.query:
        raise ApiError(422, "id:in is required", {"id:in": "is required"})
    for number in request.query["id:in"].split(","):
        customer = _customer_of(request.store, int(number) if number.isdecimal() else None)
        if customer is not None:
            _store(request.store, customer, [each for each in address_views(customer) if each["id"] != int(number)])
    return no_content()


def _customer_of(store: Store, number: Any) -> Row | None:
    return next(
        (each for each in list(store.customers) if any(own["id"] == number for own in address_views(each))), None
    )


def _store(store: Store, customer: Row, rows: list[Row]) -> None:
    """Store the addresses with their IDs."""
    kept = tuple(
        {name: value for name, value in each.items() if name not in ("customer_id", "country")} for each in rows
    )
    store.customers.change(store.customers.rows[customer["id"]], {"addresses": kept})


OPERATIONS = [
    Operation("POST", "/v3/customers/addresses", create),
    Operation("PUT", "/v3/customers/addresses", change),
    Operation("DELETE", "/v3/customers/addresses", delete),
]
