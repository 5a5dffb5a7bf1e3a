"""Orders made of parts: Hypothesis strategies, and the control calls that place and handle them in a sandbox."""

from decimal import Decimal
from typing import Any

import requests
from hypothesis import strategies as st

from sandbox.money import places_of
from sandbox.process import SandboxProcess

# One currency each with no, two and three decimal places.
CURRENCIES = ("JPY", "EUR", "KWD")
NOT_SHIPPED = ("digital", "virtual")
RATES = ("0", "5", "8.25", "20", "25")
Parts = dict[str, Any]


class Sales:
    """The orders of one account of a sandbox, through its control interface."""

    def __init__(self, process: SandboxProcess, account: str) -> None:
        self.process = process
        self.account = account

    def place(self, order: Parts) -> Parts:
        """Place an order, and return what the platform makes of it. Fails if the platform refuses it."""
        return self._done(self.try_to_place(order))

    def try_to_place(self, order: Parts) -> requests.Response:
        """An order that the platform may refuse (400)."""
        return requests.post(self._url(), json={"account": self.account, "order": order}, timeout=60)

    def view(self, order: str) -> Parts:
        return self._done(requests.get(self._url(), params={"account": self.account, "id": order}, timeout=60))

    def act(self, action: str, order: str, **details: Any) -> Parts:
        return self._done(self.attempt(action, order, **details))

    def attempt(self, action: str, order: str, **details: Any) -> requests.Response:
        """An action that the platform may refuse (400)."""
        body = {"account": self.account, "id": order, **details}
        return requests.post(self._url(f"/{action}"), json=body, timeout=60)

    def _url(self, path: str = "") -> str:
        return f"{self.process.url}/_sandbox/sales{path}"

    @staticmethod
    def _done(answer: requests.Response) -> Parts:
        assert answer.status_code == 200, answer.text
        found: Parts = answer.json()
        return found


def amounts(places: int, *, least: int = 0, most: int = 50_000) -> st.SearchStrategy[str]:
    """Amounts of up to `most` smallest units of a currency, as text."""
    return st.integers(least, most).map(lambda units: str(Decimal(units).scaleb(-places)))


@st.composite
def orders(
    draw: st.DrawFn,
    skus: list[str],
    *,
    kinds: tuple[str, ...] = ("product",),
    not_shipped: list[str] | None = None,
    charges: tuple[str, ...] = ("shipping",),
    discounts: tuple[str, ...] = ("line", "coupon", "discount"),
    wrapping: bool = False,
    currencies: tuple[str, ...] = CURRENCIES,
    one_rate: str | None = None,
) -> Parts:
    """Any order of these SKUs, kinds of lines, charges and discounts, at `one_rate` of tax if it is given: then what is
    taxed is what is left after discounts, as an ERP that works out its own tax has it.

    Discounts stay below what they are taken off. Lines that are not shipped have the SKUs of `not_shipped`, if given.
    """
    currency = draw(st.sampled_from(currencies))
    places = places_of(currency)
    rate = one_rate
    lines = [
        draw(_lines((skus, not_shipped or skus), kinds, places, rate, "line" in discounts, wrapping=wrapping))
        for _ in range(draw(st.integers(1, 4)))
    ]
    delivered = any(line["kind"] in ("product", "variant", "custom", "set", "fixed_set") for line in lines)
    wanted = [kind for kind in charges if draw(st.booleans()) and (delivered or kind == "fee")]
    order: Parts = {
        "currency": currency,
        "rate": draw(st.sampled_from(("1", "1.25", "0.0088"))),
        "prices_include_tax": draw(st.booleans()),
        "tax_before_discount": one_rate is None and draw(st.booleans()),
        "lines": lines,
        "charges": [
            {"kind": kind, "amount": draw(amounts(places)), "tax_rate": rate or draw(st.sampled_from(RATES))}
            for kind in wanted
        ],
    }
    left = sum((_entered(line) - Decimal(line["discount"]) for line in lines), Decimal(0))
    for name in ("coupon", "discount"):
        if name in discounts and left > 0 and draw(st.booleans()):
            taken = Decimal(draw(amounts(places, most=int(left.scaleb(places)) // 2)))
            order[name], left = str(taken), left - taken
    if order.get("coupon", "0") != "0":
        order["coupon_code"] = "SPRING"
    return order


def _entered(line: Parts) -> Decimal:
    """What a line comes to as it was entered, before discounts."""
    if line["kind"] == "set":
        return line["quantity"] * sum((Decimal(part["price"]) * part["quantity"] for part in line["parts"]), Decimal(0))
    return Decimal(line["price"]) * line["quantity"]


@st.composite
def _sets(draw: st.DrawFn, skus: list[str], places: int, *, dynamic: bool) -> Parts:
    """What a set adds to a line: two different parts, priced if the price is dynamic. The SKU tells the kind of set."""
    together = draw(st.booleans())
    parts = [
        {"sku": sku, "quantity": draw(st.integers(1, 3)), "price": draw(amounts(places, least=1)) if dynamic else "0"}
        for sku in skus[:2]
    ]
    name = f"SET-{'DYNAMIC' if dynamic else 'FIXED'}-{'ONE' if together else 'PARTS'}"
    return {"sku": name, "parts": parts, "shipped_together": together}


@st.composite
def _lines(
    draw: st.DrawFn,
    skus: tuple[list[str], list[str]],
    kinds: tuple[str, ...],
    places: int,
    rate: str | None,
    with_discount: bool,
    *,
    wrapping: bool,
) -> Parts:
    kind = draw(st.sampled_from(kinds))
    line: Parts = {
        "kind": kind,
        "sku": "" if kind in ("custom", "gift_certificate") else draw(st.sampled_from(skus[kind in NOT_SHIPPED])),
        "quantity": draw(st.integers(1, 7)),
        "price": draw(amounts(places, least=1)),
        "tax_rate": rate or draw(st.sampled_from(RATES)),
        "discount": "0",
    }
    if kind in ("set", "fixed_set"):
        line |= draw(_sets(skus[0], places, dynamic=kind == "set"))
    if kind in ("custom", "gift_certificate"):
        line["name"] = "Made to order"
    if with_discount and draw(st.booleans()):
        line["discount"] = draw(amounts(places, most=int(_entered(line).scaleb(places)) // 2))
    if wrapping and kind == "product" and draw(st.booleans()):
        line["wrapping"] = draw(amounts(places, most=500))
    return line
