"""`/v3/catalog/products/{id}/modifiers`: what customers choose for a product beside the options of its variants.

How an order names what was chosen: https://github.com/bigcommerce/docs, reference/orders.v2.oas2.yml
(`orderProductOptions`). That a cart without a required choice is refused is assumed.
"""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, item_response
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

# Type → what the order says.
TYPES = {
    "date": "Date field",
    "checkbox": "Checkbox",
    "file": "File Upload",
    "text": "Text field",
    "multi_line_text": "Multi-line text field",
    "numbers_only_text": "Text field",
    "radio_buttons": "Multiple choice",
    "rectangles": "Multiple choice",
    "dropdown": "Multiple choice",
    "product_list": "Product Pick List",
    "product_list_with_images": "Product Pick List",
    "swatch": "Swatch",
}
MODIFIER = Fields(
    required=("type", "required", "display_name"),
    type=Field("string", choices=tuple(TYPES)),
    display_name=Field("string", min_length=1, max_length=255),
    sort_order=Field("integer"),
    config=Field("object"),
    option_values=Field("array"),
)

MODIFIER.fields["required"] = Field("boolean")  # the name is a parameter of `Fields` itself


def modifier_view(modifier: Row) -> Row:
    values = [
        {"id": number, "option_id": modifier["id"], "label": label, "sort_order": place, "value_data": None}
        | {"is_default": False, "adjusters": {}}
        for place, (number, label) in enumerate(modifier["values"])
    ]
    about = {name: modifier[name] for name in ("id", "product_id", "type", "required", "display_name", "sort_order")}
    return about | {"name": f"{modifier['display_name']}{modifier['id']}", "config": {}, "option_values": values}


def list_modifiers(request: ApiRequest) -> Response:
    product = request.product()
    pager = Pager(request.query, request.overlap)
    start, stop = pager.bounds
    rows = [modifier_view(each) for each in request.store.modifiers.in_group(product["id"])]
    return pager.page_response(rows[start:stop], len(rows))


def create_modifier(request: ApiRequest) -> Response:
    product = request.product()
    fields = MODIFIER.checked(request.body, creating=True)
    labels = [each["label"] for each in fields.get("option_values", ())]
    row = request.store.modifiers.add(
        {
            "product_id": product["id"],
            **{name: fields[name] for name in ("type", "required", "display_name")},
            "sort_order": fields.get("sort_order", 0),
            "values": tuple((request.store.next_value_id(), label) for label in labels),
        }
    )
    request.store.change_product(product, {})
    return item_response(modifier_view(row))


def chosen(store: Store, product_id: int, given: Any, *, name: str, value: str) -> list[Row]:
    """What a client chose, as an order shows it; `name` and `value` are the keys of a choice. Raises ApiError."""
    choices = {each.get(name): each.get(value) for each in given or () if isinstance(each, dict)}
    found = []
    for modifier in store.modifiers.in_group(product_id):
        if modifier["id"] not in choices:
            if modifier["required"]:
                text = f"The product requires {modifier['display_name']}"
                raise ApiError(422, text, {"option_selections": "a required choice is missing"})
            continue
        wanted = choices.pop(modifier["id"])
        label = dict(modifier["values"]).get(wanted, str(wanted))
        found.append(
            {
                "option_id": modifier["id"],
                "product_option_id": modifier["id"],
                "display_name": modifier["display_name"],
                "display_value": label,
                "value": str(wanted),
                "type": TYPES[modifier["type"]],
                "name": modifier["display_name"],
            }
        )
    return found


BASE = "/v3/catalog/products/{product_id:int}/modifiers"
OPERATIONS = [Operation("GET", BASE, list_modifiers), Operation("POST", BASE, create_modifier)]
