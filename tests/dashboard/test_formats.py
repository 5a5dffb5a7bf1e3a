"""Numbers, dates and times are shown as each person reads them: as chosen, or as the browser says."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import User
from orders.models import Order
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]


@pytest.fixture
def order(acorn: Merchant) -> Order:
    Order.objects.filter(pk=acorn.order.pk).update(
        total=1234567, tax=0, placed_at=datetime(2025, 11, 30, 13, 5, 9, tzinfo=UTC)
    )
    return acorn.order


def page(client: Client, order: Order, language: str = "") -> str:
    headers = {"Accept-Language": language} if language else {}
    return client.get(f"/s/acorn/orders/{order.pk}/", headers=headers).content.decode()


@pytest.mark.parametrize(
    ("language", "total", "placed"),
    [
        ("", "1,234,567.00 EUR", "30 Nov 2025, 14:05:09 CET"),
        ("en-GB,en;q=0.8", "1,234,567.00 EUR", "30 Nov 2025, 14:05:09 CET"),
        ("en-US,en;q=0.8", "1,234,567.00 EUR", "Nov 30, 2025, 2:05:09 PM CET"),
        ("da-DK,da;q=0.9,en;q=0.8", "1.234.567,00 EUR", "30 Nov 2025, 14:05:09 CET"),
        ("sv", "1\xa0234\xa0567,00 EUR", "30 Nov 2025, 14:05:09 CET"),
        ("de-CH", "1’234’567.00 EUR", "30 Nov 2025, 14:05:09 CET"),
        ("*", "1,234,567.00 EUR", "30 Nov 2025, 14:05:09 CET"),
    ],
)
def test_the_browser_decides_and_texts_stay_english(
    acorn: Merchant, order: Order, logged_in: LogIn, language: str, total: str, placed: str
) -> None:
    shown = page(logged_in(acorn.owner), order, language)
    assert total in shown and placed in shown and "Partially shipped" in shown
    assert "All times in Europe/Copenhagen" in shown


def test_a_person_chooses_formats_and_a_time_zone(acorn: Merchant, order: Order, logged_in: LogIn) -> None:
    client = logged_in(acorn.viewer)
    assert client.post("/account/formats/", {"region": "xx", "time_zone": "Mars"}).status_code == 200
    client.post("/account/formats/", {"region": "en-de", "time_zone": "America/New_York"})
    shown = page(client, order, "en-US")
    assert "1.234.567,00 EUR" in shown and "30 Nov 2025, 08:05:09 EST" in shown
    assert "All times in America/New_York" in shown
    assert "1,234,567.00 EUR" in page(logged_in(acorn.owner), order)
