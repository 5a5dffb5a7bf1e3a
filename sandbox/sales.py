"""Control routes for orders, the same for every platform: orders made of parts go into a shop, are changed, cancelled,
refunded and shipped there, and every platform tells what it holds itself.

- `POST /_sandbox/sales {"account", "order"}` places an order (`sandbox.order_parts`), in shops only.
- `POST /_sandbox/sales/{change|cancel|refund|ship|archive} {"account", "id", …}` does what a person in the back office
  would do. `lines` maps IDs of lines to quantities; without it, everything that is left is meant.
- `GET /_sandbox/sales?account=&id=` tells what the platform computed, for a source and for a target alike.

Every answer is `{"id", "number", "currency", "total", "tax", "refunded", "status", "lines": [{"id", "sku", "ordered",
"cancelled", "refunded", "shipped", "open"}]}`: amounts as text, by the vendor's own rules; quantities that are open
count only what can be shipped. Errors are 400 `{"error"}` or 404.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.money import amount_of
from sandbox.order_parts import OrderParts
from sandbox.platforms.base import json_response

Quantities = dict[str, Decimal]


class UnknownSale(LookupError):
    """No such account, order or line."""


class RefusedSale(ValueError):
    """The vendor would not do this; the message says why."""


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to an order. `lines` is None for everything that is left; amounts are in the order's currency."""

    order: str
    lines: Quantities | None
    shipping: Decimal
    adjustment: Decimal
    tracking: tuple[str, ...]
    change: dict[str, Any] = field(default_factory=dict)


class Sales(ABC):
    """The orders of one platform as its back office handles them.

    All methods raise UnknownSale for an account, order or line that does not exist, and RefusedSale for what the vendor
    refuses.
    """

    def place(self, account: str, parts: OrderParts) -> str:
        """Place an order, and return its ID."""
        raise RefusedSale("orders come to this platform through its API")

    @abstractmethod
    def view(self, account: str, order: str) -> dict[str, Any]:
        """Return what the platform computed for an order."""

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        """Return the actions that this platform knows: `change`, `cancel`, `refund`, `ship`, `archive`."""
        return {}


def routes(sales: Sales) -> list[BaseRoute]:
    """Return the control routes of a platform's orders."""

    async def collection(request: Request) -> Response:
        if request.method == "GET":
            query = request.query_params
            return _answer(lambda: sales.view(query.get("account", ""), query.get("id", "")))
        body = orjson.loads(await request.body())

        def place() -> dict[str, Any]:
            account = body["account"]
            return sales.view(account, sales.place(account, OrderParts.parsed(body.get("order"))))

        return _answer(place)

    async def action(request: Request) -> Response:
        body = orjson.loads(await request.body())

        def act() -> dict[str, Any]:
            actions = sales.actions()
            if (name := request.path_params["action"]) not in actions:
                raise UnknownSale(f"actions of this platform: {', '.join(actions) or 'none'}")
            wanted = _action(body)
            actions[name](body["account"], wanted)
            return sales.view(body["account"], wanted.order)

        return _answer(act)

    return [
        Route("/_sandbox/sales", collection, methods=["GET", "POST"]),
        Route("/_sandbox/sales/{action}", action, methods=["POST"]),
    ]


def sale_line(
    number: Any,
    sku: str,
    ordered: Decimal,
    *,
    cancelled: Decimal = Decimal(0),
    refunded: Decimal = Decimal(0),
    shipped: Decimal = Decimal(0),
    shippable: bool = True,
) -> dict[str, str]:
    """Return a line of a view. What was shipped and then refunded is not open twice."""
    left = max(Decimal(0), ordered - cancelled - refunded - shipped) if shippable else Decimal(0)
    named = {"ordered": ordered, "cancelled": cancelled, "refunded": refunded, "shipped": shipped, "open": left}
    return {"id": str(number), "sku": sku, **{name: plain(value) for name, value in named.items()}}


def plain(value: Decimal) -> str:
    """The value as text without an exponent or trailing zeros."""
    return f"{value.normalize():f}"


def _action(body: dict[str, Any]) -> Action:
    lines = body.get("lines")
    if lines is not None:
        lines = {str(line): amount_of(quantity, "quantity") for line, quantity in lines.items()}
    return Action(
        order=str(body.get("id", "")),
        lines=lines,
        shipping=amount_of(body.get("shipping", 0), "shipping"),
        adjustment=amount_of(body.get("adjustment", 0), "adjustment"),
        tracking=tuple(body.get("tracking", ())),
        change=body.get("change", {}),
    )


def _answer(view: Callable[[], dict[str, Any]]) -> Response:
    try:
        return json_response(view())
    except UnknownSale as error:
        return json_response({"error": str(error)}, 404)
    except (ValueError, KeyError) as error:
        return json_response({"error": str(error)}, 400)
