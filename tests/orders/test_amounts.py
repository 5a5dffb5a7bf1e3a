"""Completing and adding up the amounts of an order (M1–M3)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.currencies import format_amount
from orders.amounts import CHARGES, DISCOUNTS, balance, completed
from orders.currencies import quantum, round_amount, share_out
from orders.records import AdjustmentRecord, OrderLineRecord, OrderRecord
from tests.orders.importing import line, order

D = Decimal
# On a busy machine even small examples take long to make.
PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
CURRENCIES = {"JPY": 0, "EUR": 2, "KWD": 3}


def charge(kind: str, **amounts: Any) -> AdjustmentRecord:
    return AdjustmentRecord(kind=kind, **amounts)


def row(quantity: str, **amounts: Any) -> OrderLineRecord:
    return line("1", "OAK-1", quantity, unit_price=None, **amounts)


@pytest.mark.parametrize(("currency", "smallest"), [("JPY", "1"), ("EUR", "0.01"), ("kwd", "0.001"), ("XXX", "0.01")])
def test_amounts_are_rounded_to_the_places_of_their_currency(currency: str, smallest: str) -> None:
    assert quantum(currency) == D(smallest)
    assert round_amount(D("2.5") * D(smallest), currency) == 3 * D(smallest)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        *(("1200.0000", "JPY", "1,200"), ("1200.0000", "GBP", "1,200.00"), ("12.5000", "KWD", "12.500")),
        *(("0.0000", "GBP", "0.00"), ("49.8750", "GBP", "49.875"), ("-3.1000", "", "-3.10")),
    ],
)
def test_amounts_are_shown_with_the_places_of_their_currency(amount: str, currency: str, shown: str) -> None:
    with translation.override("en"):
        assert format_amount(D(amount), currency) == shown


def test_prices_without_tax_and_a_discount_before_tax() -> None:
    """2 at 100, 25 % tax, a coupon of 20 before tax: 180 + 45 = 225."""
    read = order(
        "5",
        "",
        row("2", unit_price_net=D(100), tax_rate=D(25)),
        total=D(225),
        tax=D(45),
        adjustments=[charge("coupon", net=D(20))],
    )
    full = completed(read)
    (bought,) = full.lines
    assert (bought.total_net, bought.tax, bought.total_gross) == (180, 45, 225)
    assert (bought.discount_net, bought.discount_gross, bought.unit_price_gross) == (20, 25, 125)
    assert full.adjustments is not None and full.adjustments[0].gross == 25
    assert (balance(full).lines, balance(full).discounts, balance(full).difference) == (250, 25, 0)
    assert completed(full) == full


def test_prices_with_tax_a_discount_with_tax_and_untaxed_shipping() -> None:
    """2 at 100 net, 125 gross, discount of 50 gross, shipping of 12.50 without tax: 212.50 with 40 tax."""
    read = order(
        "5",
        "",
        row("2", unit_price_net=D(100), unit_price_gross=D(125)),
        total=D("212.50"),
        tax=D(40),
        adjustments=[charge("shipping", gross=D("12.50"), tax=D(0)), charge("discount", gross=D(50))],
    )
    full = completed(read)
    (bought,) = full.lines
    assert (bought.total_net, bought.tax, bought.total_gross) == (160, 40, 200)
    assert balance(full).reconciliation == "balanced"


def test_a_discount_that_is_more_than_the_goods_lowers_the_charges() -> None:
    read = order(
        "5",
        "",
        row("1", unit_price_gross=D(10)),
        total=D(0),
        adjustments=[charge("shipping", gross=D(5)), charge("coupon", gross=D(15))],
    )
    full = completed(read)
    assert full.adjustments is not None
    assert (full.lines[0].total_gross, full.adjustments[0].gross, full.adjustments[0].discount_gross) == (0, 0, 5)
    assert balance(full).difference == 0


@pytest.mark.parametrize("shared", [False, True], ids=["discounts of the order", "shares of the lines"])
def test_a_negative_charge_lowers_the_lines(shared: bool) -> None:
    """2 at 100 and a reward of 5 for paying in advance: 195, whether or not the lines have shares of a coupon."""
    coupon = {"discount_net": D(16), "discount_gross": D(20), "total_net": D(144), "total_gross": D(180)}
    read = order(
        "5",
        "",
        row("2", unit_price_net=D(80), unit_price_gross=D(100), **(coupon if shared else {})),
        total=D(175 if shared else 195),
        tax=D(35),
        adjustments=[charge("fee", title="Prepayment", gross=D(-5)), *([charge("coupon", gross=D(20))] * shared)],
    )
    full = completed(read)
    (bought,), (reward, *_) = full.lines, full.adjustments or ()
    assert (reward.kind, reward.title, reward.net, reward.gross) == ("discount", "Prepayment", 4, 5)
    assert (bought.total_gross, bought.total_net) == ((175, 140) if shared else (195, 156))
    assert balance(full).difference == 0
    assert completed(full) == full


def test_a_line_that_costs_nothing_after_discounts() -> None:
    """A discount of 100 % that is told without tax."""
    free = row(
        "2", unit_price_net=D(80), unit_price_gross=D(100), total_net=D(0), total_gross=D(0), discount_net=D(160)
    )
    full = completed(order("5", "", free, total=D(0), tax=D(0), adjustments=[charge("coupon", net=D(160))]))
    assert (full.lines[0].discount_gross, balance(full).difference) == (200, 0)
    # Without prices, nothing tells how much that is with tax.
    unknown = row("2", total_net=D(0), tax=D(0), total_gross=D(0), discount_net=D(160))
    taxed = order("5", "", unknown, total=D(1), tax=D(1), adjustments=[charge("coupon", net=D(160))])
    assert balance(completed(taxed)).reconciliation == ""


@pytest.mark.parametrize("rate", ["-100", "-5"])
def test_an_impossible_rate_of_tax_is_not_used(rate: str) -> None:
    taxed = row("1", unit_price_net=D(10), tax_rate=D(rate))
    assert completed(order("5", "", taxed, total=D(10), adjustments=[])).lines[0].total_gross is None


def test_what_a_source_does_not_tell_stays_unknown() -> None:
    """Prices of which it is not said whether they contain the tax of the order, and that do not tell it either."""
    full = completed(order("5", "", line("1", unit_price=D(10)), total=D(13), tax=D(2), adjustments=[]))
    assert full.lines[0].total_gross is None
    assert (balance(full).difference, balance(full).reconciliation) == (None, "")
    # Nor is an order checked whose charges were not read.
    assert balance(completed(order("5"))).reconciliation == ""


@pytest.mark.parametrize(
    ("price", "total", "amounts", "expected"),
    [
        # Prices without tax, with tax, and with tax besides shipping of which only the cost is told.
        ("10", "24", {"adjustments": []}, (20, 24)),
        ("12", "24", {"adjustments": []}, (20, 24)),
        ("9", "24", {"shipping_cost": D(6)}, (15, 18)),
        ("12", "21", {"adjustments": [charge("discount", gross=D(3))]}, (D("17.5"), 21)),
    ],
)
def test_the_total_tells_whether_prices_include_tax(
    price: str, total: str, amounts: dict[str, Any], expected: tuple[Any, Any]
) -> None:
    """If no row tells its tax, the rate of the whole order is that of all rows."""
    tax = D(total) / 6
    full = completed(order("5", "", line("1", quantity="2", unit_price=D(price)), total=D(total), tax=tax, **amounts))
    assert (full.lines[0].total_net, full.lines[0].total_gross) == expected
    assert full.lines[0].tax_rate is None and completed(full) == full


def test_an_order_that_does_not_add_up() -> None:
    full = completed(order("5", "", row("2", unit_price_gross=D(10)), total=D("25"), adjustments=[]))
    assert (balance(full).difference, balance(full).reconciliation) == (-5, "different")


@st.composite
def orders(draw: st.DrawFn) -> OrderRecord:
    """An order with prices with or without tax, as a shop computes it: every row rounded, discounts on rows."""
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    unit = quantum(currency)
    with_tax = draw(st.booleans())

    def money(most: int) -> Decimal:
        return draw(st.integers(0, most)) * unit

    lines, charges = [], []
    for number in range(draw(st.integers(1, 6))):
        price, rate = money(50_000), draw(st.sampled_from([D(0), D("7.7"), D(19), D(25)]))
        prices = {"unit_price_gross" if with_tax else "unit_price_net": price}
        quantity = D(draw(st.integers(1, 9)))
        lines.append(replace(row("1", tax_rate=rate, **prices), external_id=str(number), quantity=quantity))
    for kind in draw(st.lists(st.sampled_from(CHARGES[:4]), max_size=3)):
        rate = draw(st.sampled_from([D(0), D(25)]))
        charges.append(charge(kind, tax_rate=rate, **{"gross" if with_tax else "net": money(5_000)}))
    plain = completed(
        order(
            "5", "", *lines, currency=currency, total=D(0), tax=D(1), prices_include_tax=with_tax, adjustments=charges
        )
    )
    goods = sum((each.total_gross if with_tax else each.total_net) or D(0) for each in plain.lines)
    left, discounts = int(goods / unit), []
    for kind in draw(st.lists(st.sampled_from(DISCOUNTS), max_size=2)):
        amount = draw(st.integers(0, left))
        left -= amount
        discounts.append(charge(kind, **{"gross" if with_tax else "net": amount * unit}))
    read = replace(plain, lines=lines, adjustments=[*charges, *discounts])
    full = completed(read)
    paid = [
        *(each.total_gross for each in full.lines),
        *(each.gross for each in full.adjustments or () if each.kind in CHARGES),
    ]
    return replace(read, total=sum((each or D(0) for each in paid), D(0)))


@PATIENT
@given(orders())
def test_any_order_adds_up_in_every_form(read: OrderRecord) -> None:
    full = completed(read)
    assert balance(full).reconciliation == "balanced"
    assert balance(full).difference == 0
    assert completed(full) == full
    unit = quantum(full.currency)
    rows = [*((each.total_net, each.tax, each.total_gross) for each in full.lines)]
    rows += [(each.net, each.tax, each.gross) for each in full.adjustments or ()]
    for net, tax, gross in rows:
        assert net is not None and tax is not None and gross is not None
        assert net + tax == gross
        assert all(amount % unit == 0 for amount in (net, tax, gross))
    shares = [each.discount_gross or 0 for each in [*full.lines, *(full.adjustments or ())]]
    assert sum(shares) == sum(each.gross or 0 for each in full.adjustments or () if each.kind in DISCOUNTS)


@PATIENT
@given(
    st.integers(-10_000, 10_000),
    st.lists(st.integers(0, 1_000), min_size=1, max_size=9),
    st.sampled_from(sorted(CURRENCIES)),
)
def test_shares_add_up_and_are_fair(units: int, weights: list[int], currency: str) -> None:
    unit = quantum(currency)
    amount = units * unit
    shares = share_out(amount, [D(weight) for weight in weights], currency)
    assert sum(shares) == amount and all(share % unit == 0 for share in shares)
    if total := sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - amount * weight / total) <= unit
