"""`/v2/customers` and their addresses: the older listing of the same customers, which others still read."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.customers import address_views
from sandbox.platforms.bigcommerce.responses import V2ApiError
from sandbox.platforms.bigcommerce.store import Store
from sandbox.platforms.bigcommerce.v2 import count, date, found, listing, page_of, resource
from sandbox.tables import Row

# Filters by equality: the name in the query is that of the field.
EXACT = ("first_name", "last_name", "company", "email", "phone", "customer_group_id")
# The field of V3 → that of V2.
ADDRESS = {
    "id": "id",
    "customer_id": "customer_id",
    "first_name": "first_name",
    "last_name": "last_name",
    "company": "company",
    "address1": "street_1",
    "address2": "street_2",
    "city": "city",
    "state_or_province": "state",
    "postal_code": "zip",
    "country": "country",
    "country_code": "country_iso2",
    "phone": "phone",
    "address_type": "address_type",
}


def customer_view(store: Store, customer: Row) -> Row:
    full = store.customers.full(customer)
    shared = ("id", *EXACT, "notes", "tax_exempt_category", "registration_ip_address")
    return {name: full[name] for name in shared} | {
        "date_created": _date(full["date_created"]),
        "date_modified": _date(full["date_modified"]),
        "store_credit": "0.0000",
        "accepts_marketing": full["accepts_product_review_abandoned_cart_emails"],
        "addresses": resource(store, f"/customers/{customer['id']}/addresses"),
        "form_fields": None,
        "reset_pass_on_login": full["authentication"]["force_password_reset"],
    }


def _date(text: str) -> str:
    return date(int(datetime.fromisoformat(text).timestamp()))


def _moment(given: str) -> datetime:
    try:
        # A plus sign in a query means a space.
        return parsedate_to_datetime(given) if "," in given else datetime.fromisoformat(given.replace(" ", "+"))
    except ValueError as error:
        raise V2ApiError(400, f"{given} is not a date.") from error


def _chosen(request: ApiRequest) -> list[Row]:
    rows, query = list(request.store.customers), request.query
    full = request.store.customers.value
    for name in EXACT:
        if name in query:
            rows = [row for row in rows if str(full(row, name)) == query[name]]
    for field in ("date_created", "date_modified"):
        for side, sign in (("min", 1), ("max", -1)):
            if given := query.get(f"{side}_{field}"):
                limit = _moment(given).timestamp() * sign
                rows = [row for row in rows if datetime.fromisoformat(row[field]).timestamp() * sign >= limit]
    return rows


def list_customers(request: ApiRequest) -> Response:
    rows = page_of(request, _chosen(request))
    return listing(request, [customer_view(request.store, row) for row in rows])


def count_customers(request: ApiRequest) -> Response:
    return count(_chosen(request))


def get_customer(request: ApiRequest) -> Response:
    return json_response(customer_view(request.store, _customer(request)))


def list_addresses(request: ApiRequest) -> Response:
    rows = [{ours: row.get(name, "") for name, ours in ADDRESS.items()} for row in address_views(_customer(request))]
    return listing(request, page_of(request, rows))


def _customer(request: ApiRequest) -> Row:
    return found(request.store.customers.get(request.path["customer_id"]))


OPERATIONS = [
    Operation("GET", "/v2/customers", list_customers),
    Operation("GET", "/v2/customers/count", count_customers),
    Operation("GET", "/v2/customers/{customer_id:int}", get_customer),
    Operation("GET", "/v2/customers/{customer_id:int}/addresses", list_addresses),
]
