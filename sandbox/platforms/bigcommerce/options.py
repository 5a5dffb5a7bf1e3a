"""`/v3/catalog/products/{id}/options` and their values: what variants differ in."""

from starlette.responses import Response

from sandbox.platforms.bigcommerce.answers import Refusal, gone, invalid, many, not_found, one
from sandbox.platforms.bigcommerce.api import Ask, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

OPTION = Fields(
    required=("display_name", "type"),
    display_name=Field("string", shortest=1, longest=255),
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
    label=Field("string", shortest=1, longest=255),
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
        "option_values": [_value_view(value, place) for place, value in enumerate(option["values"])],
        "config": [],
    }


def _value_view(value: tuple[int, str], place: int) -> Row:
    number, label = value
    return {"id": number, "label": label, "sort_order": place, "value_data": None, "is_default": False}


def value_for(store: Store, product_id: int, wanted: Row) -> tuple[int, int]:
    """The (option, value) that a variant's option value means, by ids or by names; new names are made."""
    options = store.options_.of(product_id)
    if "id" in wanted and "option_id" in wanted:
        for option in options:
            if option["id"] == wanted["option_id"] and any(number == wanted["id"] for number, _ in option["values"]):
                return option["id"], wanted["id"]
        raise invalid({"option_values": "no such option or value on this product"})
    name, label = wanted.get("option_display_name"), wanted.get("label")
    if not (isinstance(name, str) and name and isinstance(label, str) and label):
        raise invalid({"option_values": "each needs option_display_name and label, or option_id and id"})
    held = next((option for option in options if option["display_name"] == name), None)
    if held is None:
        held = store.add_option(product_id, name, [label])
    elif not any(known == label for _, known in held["values"]):
        store.options_.change(held, {"values": (*held["values"], (store.next_value_id(), label))})
    return held["id"], next(number for number, known in held["values"] if known == label)


def list_options(ask: Ask) -> Response:
    ask.product()
    options = ask.store.options_.of(ask.path["product_id"])
    ask.note(items=len(options))
    return many([option_view(option) for option in options])


def get_option(ask: Ask) -> Response:
    return one(option_view(_option(ask)))


def create_option(ask: Ask) -> Response:
    product = ask.product()
    fields = OPTION.checked(ask.body, creating=True)
    labels = []
    for value in fields.get("option_values", []):
        labels.append(VALUE.checked(value, creating=True)["label"])
    held = ask.store.options_.of(product["id"])
    if any(option["display_name"] == fields["display_name"] for option in held):
        raise Refusal(409, "The option name is a duplicate", {"display_name": "in use on this product"})
    option = ask.store.add_option(product["id"], fields["display_name"], labels, fields["type"])
    ask.store.change_product(product, {})
    return one(option_view(option))


def change_option(ask: Ask) -> Response:
    option = _option(ask)
    fields = OPTION.checked(ask.body, creating=False)
    fields.pop("option_values", None)
    ask.store.options_.change(option, fields)
    ask.store.change_product(ask.product(), {})
    return one(option_view(option))


def delete_option(ask: Ask) -> Response:
    option = _option(ask)
    if any(option["id"] in dict(variant.get("values", ())) for variant in ask.store.variants.of(option["product_id"])):
        raise Refusal(409, "The option is used by variants", {"option_id": "delete the variants first"})
    ask.store.options_.remove(option["id"])
    ask.store.change_product(ask.product(), {})
    return gone()


def list_values(ask: Ask) -> Response:
    return many(option_view(_option(ask))["option_values"])


def create_value(ask: Ask) -> Response:
    option = _option(ask)
    label = VALUE.checked(ask.body, creating=True)["label"]
    if any(known == label for _, known in option["values"]):
        raise Refusal(409, "The option value is a duplicate", {"label": "in use on this option"})
    value = (ask.store.next_value_id(), label)
    ask.store.options_.change(option, {"values": (*option["values"], value)})
    return one(_value_view(value, len(option["values"]) - 1))


def _option(ask: Ask) -> Row:
    option = ask.store.options_.get(ask.path["option_id"])
    if option is None or option["product_id"] != ask.path["product_id"]:
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
