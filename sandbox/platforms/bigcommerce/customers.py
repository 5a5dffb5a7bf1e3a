"""`/v3/customers` with addresses and attributes."""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, list_of, parse_datetime, requested_includes
from sandbox.platforms.bigcommerce.responses import ApiError, CursorPager, Pager, list_response, no_content, too_many
from sandbox.platforms.bigcommerce.store import Store, now
from sandbox.tables import Row

BATCH = 10
MAX_CONCURRENT_PUTS = 3
INCLUDES = ("addresses", "storecredit", "attributes", "formfields", "shopper_profile_id", "segment_ids")
SORTS = ("date_created", "last_name", "date_modified")
CUSTOMER = Fields(
    required=("email", "first_name", "last_name"),
    email=Field("string", min_length=3, max_length=250),
    first_name=Field("string", min_length=1, max_length=100),
    last_name=Field("string", min_length=1, max_length=100),
    company=Field("string", max_length=255),
    phone=Field("string", max_length=50),
    notes=Field("string"),
    tax_exempt_category=Field("string", max_length=255),
    customer_group_id=Field("integer", minimum=0),
    registration_ip_address=Field("string", max_length=30),
    accepts_product_review_abandoned_cart_emails=Field("boolean"),
    origin_channel_id=Field("integer", minimum=1),
    channel_ids=Field("array", nullable=True),
    authentication=Field("object"),
    trigger_account_created_notification=Field("boolean"),
    addresses=Field("array", max_length=10),
    attributes=Field("array", max_length=10),
    store_credit_amounts=Field("array"),
    form_fields=Field("array"),
)
ADDRESS = Fields(
    required=("first_name", "last_name", "address1", "city", "country_code"),
    first_name=Field("string", min_length=1, max_length=255),
    last_name=Field("string", min_length=1, max_length=255),
    company=Field("string", max_length=255),
    address1=Field("string"),
    address2=Field("string"),
    city=Field("string", max_length=100),
    state_or_province=Field("string", max_length=100),
    postal_code=Field("string", max_length=30),
    country_code=Field("string", min_length=2, max_length=2),
    phone=Field("string", max_length=50),
    address_type=Field("string", choices=("residential", "commercial")),
)
READ_ONLY = ("date_created", "date_modified", "address_count", "attribute_count")


def _name(row: Row) -> str:
    return f"{row['first_name']} {row['last_name']}"


FILTERS = (
    Filters("include")
    .add("id", int, "in", plain=False)
    .add("company", str, "in", plain=False)
    .add("customer_group_id", int, "in", plain=False)
    .add("date_created", parse_datetime, "min max")
    .add("date_modified", parse_datetime, "min max")
    .add("email", str.lower, "in", plain=False, value=lambda row: row["email"].lower())
    .add("name", str, "in like", plain=False, value=_name)
    .add("phone", str, "in", plain=False)
    .add("registration_ip_address", str, "in", plain=False)
)


def customer_view(store: Store, customer: Row, include: frozenset[str] = frozenset()) -> Row:
    full = store.customers.full(customer)
    addresses, attributes = full.pop("addresses", ()), full.pop("attributes", ())
    full["address_count"], full["attribute_count"] = len(addresses), len(attributes)
    full["channel_ids"] = full["channel_ids"] or [1]
    credit, form_fields = full.pop("store_credit_amounts", [{"amount": 0}]), full.pop("form_fields", [])
    if "storecredit" in include:
        full["store_credit_amounts"] = credit
    if "formfields" in include:
        full["form_fields"] = form_fields
    if "addresses" in include:
        full["addresses"] = address_views(customer)
    if "attributes" in include:
        full["attributes"] = attribute_views(customer)
    return full


def address_views(customer: Row) -> list[Row]:
    return [
        {
            "id": customer["id"] * 10 + position,
            "customer_id": customer["id"],
            "country": "United Kingdom",
            **address,
        }
        for position, address in enumerate(customer.get("addresses", ()))
    ]


def attribute_views(customer: Row) -> list[Row]:
    dates = {name: customer[name] for name in ("date_created", "date_modified")}
    return [
        {"id": customer["id"] * 10 + number, "customer_id": customer["id"], "attribute_id": number, **dates}
        | {"attribute_value": value}
        for number, value in customer.get("attributes", ())
    ]


def list_customers(request: ApiRequest) -> Response:
    pager = CursorPager(request.query, request.overlap)
    include = requested_includes(request.query, INCLUDES)
    column, _, direction = request.query.get("sort", "id:asc").partition(":")
    if column not in (*SORTS, "id") or direction not in ("asc", "desc"):
        raise ApiError(422, "sort is not valid", {"sort": f"one of {', '.join(SORTS)} with :asc or :desc"})
    query = {name: value for name, value in request.query.items() if name != "sort"}
    descending = direction == "desc"

    def position(row: Row) -> tuple[Any, ...]:
        return row[column], row["id"]

    rows = sorted(FILTERS.choose(query, request.store.customers), key=position, reverse=descending)
    page_response = pager.page_response(
        rows, position, lambda row: customer_view(request.store, row, include), descending=descending
    )
    request.annotate_call(items=pager.count)
    return page_response


def create_customers(request: ApiRequest) -> Response:
    store = request.store
    bodies = list_of(request.body, BATCH, too_many)
    for body in bodies:
        _check(store, body, None)
    _check_duplicate_emails(bodies)
    created = []
    for body in bodies:
        fields = _columns(CUSTOMER.writable(body))
        row = store.customers.add({**fields, "date_created": now(), "date_modified": now()})
        store.publish("store/customer/created", "customer", row["id"])
        created.append(customer_view(store, row))
    return list_response(created)


def change_customers(request: ApiRequest) -> Response:
    store = request.store
    bodies = list_of(request.body, BATCH, too_many)
    for body in bodies:
        number = body.get("id") if isinstance(body, dict) else None
        row = store.customers.get(number) if isinstance(number, int) else None
        if row is None:
            raise ApiError(422, "The customer was not found", {"id": f"{number} was not found"})
        _check(store, body, row)
    _check_duplicate_emails(bodies)
    changed = []
    for body in bodies:
        row = store.customers.rows[body["id"]]
        store.customers.change(row, {**_columns(CUSTOMER.writable(body)), "date_modified": now()})
        store.publish("store/customer/updated", "customer", row["id"])
        if body.get("channel_ids") is not None:
            access = {"customer_id": row["id"], "channel_ids": body["channel_ids"]}
            store.notify("store/customer/channel/login/access/updated", access)
        changed.append(customer_view(store, row))
    return list_response(changed)


def _check(store: Store, body: Any, row: Row | None) -> None:
    fields = CUSTOMER.checked(body, creating=row is None)
    if read_only := [name for name in READ_ONLY if name in body]:
        raise ApiError(422, "Read-only fields cannot be edited", dict.fromkeys(read_only, "is read-only"))
    for address in fields.get("addresses", []):
        ADDRESS.checked(address, creating=True)
    known = {attribute["id"] for attribute in store.customer_attributes}
    for attribute in fields.get("attributes", []):
        if not isinstance(attribute, dict) or attribute.get("attribute_id") not in known:
            raise ApiError(422, "The attribute was not found", {"attributes": "attribute_id was not found"})
    group = fields.get("customer_group_id")
    if group and all(each["id"] != group for each in store.customer_groups):
        raise ApiError(422, "The customer group was not found", {"customer_group_id": f"{group} was not found"})
    if email := fields.get("email"):
        if "@" not in email.strip("@"):
            raise ApiError(422, "The e-mail address is not valid", {"email": "is not an address"})
        if store.customers.find_id("email", email.lower()) not in (None, row["id"] if row else None):
            raise ApiError(422, "The e-mail address is in use", {"email": f"{email} already in use"})


def _check_duplicate_emails(bodies: list[Any]) -> None:
    emails = [body["email"].lower() for body in bodies if "email" in body]
    if len(set(emails)) < len(emails):
        raise ApiError(422, "The e-mail address is in use", {"email": "occurs twice in the batch"})


def _columns(fields: Row) -> Row:
    """Return the columns for the sent fields. Sub-resources become small tuples."""
    fields.pop("trigger_account_created_notification", None)
    if "email" in fields:
        fields["email"] = fields["email"].lower()
    if "addresses" in fields:
        fields["addresses"] = tuple(ADDRESS.writable(address) for address in fields["addresses"])
    if "attributes" in fields:
        fields["attributes"] = tuple(
            (each["attribute_id"], str(each.get("attribute_value", ""))) for each in fields["attributes"]
        )
    if "authentication" in fields:
        fields["authentication"] = {"force_password_reset": bool(fields["authentication"].get("force_password_reset"))}
    return fields


def delete_customers(request: ApiRequest) -> Response:
    if "id:in" not in request.query:
        raise ApiError(422, "id:in is required", {"id:in": "is required"})
    for row in list(FILTERS.choose(request.query, request.store.customers)):
        request.store.customers.remove(row["id"])
        request.store.publish("store/customer/deleted", "customer", row["id"])
    return no_content()


def _of_customers(request: ApiRequest, sub_resources: Any) -> Response:
    pager = Pager(request.query, request.overlap)
    query = {"id:in": request.query["customer_id:in"]} if "customer_id:in" in request.query else {}
    rows = [row for customer in FILTERS.choose(query, request.store.customers) for row in sub_resources(customer)]
    start, stop = pager.bounds
    request.annotate_call(items=len(rows[start:stop]))
    return pager.page_response(rows[start:stop], len(rows))


def list_addresses(request: ApiRequest) -> Response:
    return _of_customers(request, address_views)


def list_attribute_values(request: ApiRequest) -> Response:
    return _of_customers(request, attribute_views)


def list_attributes(request: ApiRequest) -> Response:
    return list_response(request.store.customer_attributes)


OPERATIONS = [
    Operation("GET", "/v3/customers", list_customers),
    Operation("POST", "/v3/customers", create_customers),
    Operation(
        "PUT", "/v3/customers", change_customers, concurrency_group="customers", max_concurrent=MAX_CONCURRENT_PUTS
    ),
    Operation("DELETE", "/v3/customers", delete_customers),
    Operation("GET", "/v3/customers/addresses", list_addresses),
    Operation("GET", "/v3/customers/attributes", list_attributes),
    Operation("GET", "/v3/customers/attribute-values", list_attribute_values),
]
