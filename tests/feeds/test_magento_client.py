"""The script for cron that fetches the feeds and writes them to a Magento shop (S3, S4)."""

from collections.abc import Callable
from decimal import Decimal
from email.message import Message
from http.client import IncompleteRead
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from django.utils import timezone

from catalog.models import Image, Price, PriceList, Status, Stock, StockLocation, Variant
from catalog.services import set_product_status
from integrations import magento_feeds
from integrations.magento_feeds import CursorOutdated, Hub, Shop, run
from sandbox.process import SandboxProcess
from tests.factories import make_products, make_seller
from tests.two_sellers import key_for

KEYS = {
    "consumer_key": "sandbox-client",
    "consumer_secret": "sandbox-secret",
    "access_token": "alpha",
    "access_token_secret": "token",
}


# Feeds contain only committed changes.
@pytest.mark.django_db(transaction=True)
def test_the_feeds_reach_the_shop(sandbox: Callable[..., SandboxProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    """Products, stock and images; a second run writes nothing, and what is no longer offered is disabled."""
    process = sandbox("magento", accounts={"alpha": "token"}, products=0)
    seller = make_seller("acme")
    lamp, chair = make_products(seller, 2, prefix="A/B &")
    prices = PriceList.objects.create(seller=seller, name="Shop", slug="shop", currency="GBP")
    place = StockLocation.objects.create(seller=seller, code="main")
    for variant in Variant.objects.all():
        Price.objects.create(seller=seller, variant=variant, price_list=prices, amount=Decimal("12.5"))
        Stock.objects.create(seller=seller, variant=variant, location=place, quantity=3)
    Image.objects.create(seller=seller, product=lamp, url="https://images.example/a.jpg", alt="Front", position=0)
    Image.objects.create(seller=seller, product=lamp, url="file:///etc/passwd", alt="Bad", position=1)
    opened = magento_feeds._open

    def pictures(url: str, **about: Any) -> Any:
        return BytesIO(b"\xff\xd8\xff picture") if url.startswith("https://images") else opened(url, **about)

    monkeypatch.setattr(magento_feeds, "_open", pictures)
    client = key_for(seller, scopes=["feeds:read"])

    def get(path: str) -> Any:
        answer = client.get(path)
        if answer.status_code == 410:
            raise CursorOutdated
        return answer.json()

    shop = Shop(process.url, KEYS, source="default", attribute_set=4, price_list="")
    state: dict[str, Any] = {"images": f"images-{'0' * 12}-1-1"}  # of another database
    run(Hub(get), shop, state, lambda: None)
    rows = {row["sku"]: row for row in process.state("goods")}
    assert shop.rejected == 0 and set(rows) == {"A/B &-1", "A/B &-2"}
    assert (rows["A/B &-1"]["price"], rows["A/B &-1"]["weight"], rows["A/B &-1"]["status"]) == (12.5, 0.1, 1)
    assert {row["quantity"] for row in process.state("source_items")} == {3}
    assert [[each["label"] for each in row["media_gallery_entries"]] for row in rows.values()] == [["Front"], []]
    process.clear_calls()
    run(Hub(get), shop, state, lambda: None)
    assert process.calls() == []
    set_product_status(
        seller_id=seller.pk, product_ids=[chair.pk], status=Status.DISCONTINUED, origin=None, now=timezone.now()
    )
    run(Hub(get), shop, state, lambda: None)
    assert {row["sku"]: row["status"] for row in process.state("goods")} == {"A/B &-1": 1, "A/B &-2": 2}


def test_only_http_is_opened() -> None:
    with pytest.raises(ValueError, match="HTTP"):
        magento_feeds._open("file:///etc/passwd")


class Broken(BytesIO):
    """An answer whose connection breaks while it is read."""

    def read(self, *_: Any) -> bytes:
        raise IncompleteRead(b"")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda url: BytesIO(b"<html>Maintenance</html>"), "Expecting value"),
        (lambda url: Broken(), "IncompleteRead"),
        (lambda url: _raise(HTTPError(url, 503, "Service Unavailable", Message(), None)), "503"),
        (lambda url: _raise(URLError("refused")), "refused"),
    ],
)
def test_a_server_without_a_usable_answer_is_named(
    answer: Callable[[str], Any],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = tmp_path / "settings.ini"
    keys = "".join(f"{name} = {value}\n" for name, value in KEYS.items())
    settings.write_text(
        f"[hub]\nurl = https://hub.example\nkey = sc_1\n[shop]\nurl = https://shop.example\n{keys}"
        f"[state]\nfile = {tmp_path / 'state.json'}\n"
    )
    monkeypatch.setattr(magento_feeds, "_open", lambda url, **about: answer(url))
    assert magento_feeds.main(str(settings)) == 1
    printed = capsys.readouterr().err
    assert "https://hub.example/api/v1/feeds/products" in printed and reason in printed


def _raise(error: Exception) -> None:
    raise error
