"""`/v3/catalog/products/{id}/options` and their values, which distinguish variants."""

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.responses import (
    ApiError,
    Pager,
    invalid,
    item_response,
    no_content,
    not_found,
)
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

OPTION = Fields(
    required=("display_name", "type"),
    display_name=Field("string", min_length=1, max_length=255),
    type=Field(
        "string",
        choices=(
            "radio_buttons",
            "rectangles",
            "dropdown",
            "product_list",
            "product_list_with_images",
            "swatch",
        ),
    ),
    sort_order=Field("integer"),
    option_values=Field("array"),
)
VALUE = Fields(
    required=("label", "sort_order"),
    label=Field("string", min_length=1, max_length=255),
    sort_order=Field("integer"),
)


def option_view(option: Row) -> Row:
    return {
        "id": option["id"],
        "product_id": option["product_id"],
        "name": f"{option['display_name']}{option['id']}",
        "display_name": option["display_name"],
        "type": option["type"],
        "sort_order": option["sort_order"],
        "option_values": [_value_view(value, position) for position, value in enumerate(option["values"])],
        "config": [],
    }


def _value_view(value: tuple[int, str], position: int) -> Row:
    number, label = value
    return {"id": number, "label": label, "sort_order": position, "value_data": None, "is_default": False}


def known_value(store: Store, product_id: int, wanted: Row) -> tuple[int, int]:
    """Return the (option, value) of a variant's option value. A new variant names existing ones by their IDs."""
    for option in store.options_.in_group(product_id):
        if option["id"] == wanted.get("option_id") and wanted.get("id") in dict(option["values"]):
            return option["id"], wanted["id"]
    raise invalid({"option_values": "requires the id and option_id of a value of this product"})


def named_value(store: Store, product_id: int, wanted: Row) -> tuple[int, int]:
    """Return the (option, value) with these names, which are created if they are new: only with their product."""
    options = store.options_.in_group(product_id)
    name, label = wanted["option_display_name"], wanted["label"]
    stored = next((option for option in options if option["display_name"] == name), None)
    if stored is None:
        stored = store.add_option(product_id, name, [label])
    elif not any(known == label for _, known in stored["values"]):
        store.options_.change(stored, {"values": (*stored["values"], (store.next_value_id(), label))})
    return stored["id"], next(number for number, known in stored["values"] if known == label)


def list_options(request: ApiRequest) -> Response:
    request.product()
    return _page(request, [option_view(each) for each in request.store.options_.in_group(request.path["product_id"])])


def get_option(request: ApiRequest) -> Response:
    return item_response(option_view(_option(request)))


def create_option(request: ApiRequest) -> Response:
    product = request.product()
    fields = OPTION.checked(request.body, creating=True)
    labels = []
    for value in fields.get("option_values", []):
        labels.append(VALUE.checked(value, creating=True)["label"])
    stored = request.store.options_.in_group(product["id"])
    if any(option["display_name"] == fields["display_name"] for option in stored):
        raise ApiError(409, "The option name is a duplicate", {"display_name": "in use on this product"})
    option = request.store.add_option(product["id"], fields["display_name"], labels, fields["type"])
    request.store.change_product(product, {})
    return item_response(option_view(option))


def change_option(request: ApiRequest) -> Response:
    option = _option(request)
    fields = OPTION.checked(request.body, creating=False)
    fields.pop("option_values", None)
    request.store.options_.change(option, fields)
    request.store.change_product(request.product(), {})
    return item_response(option_view(option))


def delete_option(request: ApiRequest) -> Response:
    option = _option(request)
    if any(
        option["id"] in dict(variant.get("values", ()))
        for variant in request.store.variants.in_group(option["product_id"])
    ):
        raise ApiError(409, "The option is used by variants", {"option_id": "delete the variants first"})
    request.store.options_.remove(option["id"])
    request.store.change_product(request.product(), {})
    return no_content()


def list_values(request: ApiRequest) -> Response:
    return _page(request, option_view(_option(request))["option_values"])


def _page(request: ApiRequest, rows: list[Row]) -> Response:
    pager = Pager(request.query, request.overlap)
    start, stop = pager.bounds
    request.annotate_call(items=len(rows[start:stop]))
    return pager.page_response(rows[start:stop], len(rows))


def create_value(request: ApiRequest) -> Response:
    option = _option(request)
    label = VALUE.checked(request.body, creating=True)["label"]
    if any(known == label for _, known in option["values"]):
        raise ApiError(409, "The option value is a duplicate", {"label": "in use on this option"})
    value = (request.store.next_value_id(), label)
    request.store.options_.change(option, {"values": (*option["values"], value)})
    return item_response(_value_view(value, len(option["values"]) - 1))


def _option(request: ApiRequest) -> Row:
    option = request.store.options_.get(request.path["option_id"])
    if option is None or option["product_id"] != request.path["product_id"]:
        raise not_found("Option")
    return option


BASE = "/v3/catalog/products/{product_id:int}/options"
OPERATIONS = [
    Operation("GET", BASE, list_options),
    Operation("POST", BASE, create_option),
    Operation("GET", BASE + "/{option_id:int}", get_option),
    Operation("PUT", BASE + "/{option_id:int}", change_option),
    Operation("DELETE", BASE + "/{option_id:int}", delete_option),
    Operation("GET", BASE + "/{option_id:int}/values", list_values),
    Operation("POST", BASE + "/{option_id:int}/values", create_value),
]
