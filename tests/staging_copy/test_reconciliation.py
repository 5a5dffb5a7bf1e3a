"""The post-copy check deletes what the staging shop does not have, and nothing else (L11, L12, L15, N5)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Seller
from catalog.models import Product, Variant
from connectors.sdk.listing_protocol import ListingClient
from hub.models import Connection, Link, PlatformSwitch
from sandbox.process import SandboxProcess
from staging_copy.checking import Check, CheckFailed, check, shops
from staging_copy.copying import freeze
from staging_copy.copying.journal import Journal
from tests.factories import make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)
ITEMS = 30


@pytest.fixture
def platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("seller_center_shop", accounts={"Live": "live-key", "Staging": "key"}, products=ITEMS, dirty=False)


@pytest.fixture
def shop(platform: SandboxProcess) -> Connection:
    """Staging just after a copy: 30 products and three sellers that exist in its shop; the platform is frozen."""
    sellers = [make_seller(f"seller-{number}") for number in (1, 2, 3)]
    shop = Connection.objects.create(
        slug="marketplace",
        name="Marketplace",
        platform="seller_center_shop",
        role="shop",
        base_url=platform.url,
        credentials={"service_name": "Staging", "api_key": "key"},
        state="active",
    )
    Link.objects.bulk_create(
        Link(connection=shop, kind="seller", external_id=str(number), item_id=seller.pk)
        for number, seller in enumerate(sellers, 1)
    )
    products = make_products(sellers[0], ITEMS)
    Link.objects.bulk_create(
        Link(connection=shop, kind="product", external_id=str(number), item_id=product.pk)
        for number, product in enumerate(products, 1)
    )
    PlatformSwitch.objects.create(platform="seller_center_shop", reason=freeze.REASON)
    return shop


@pytest.fixture
def record(tmp_path: Path) -> Journal:
    return Journal.create(tmp_path, timezone.now())


@pytest.fixture(autouse=True)
def single_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shops, "_MAX_ATTEMPTS", 1)


def delete_at_shop(platform: SandboxProcess, kind: str, *ids: int) -> None:
    platform.control("POST", "delete", json={"account": "Staging", "kind": kind, "ids": [str(each) for each in ids]})


def deleted() -> set[str]:
    gone = Product.objects.filter(status="deleted").values_list("pk", flat=True)
    return set(Link.objects.filter(kind="product", item_id__in=gone).values_list("external_id", flat=True))


def is_frozen() -> bool:
    return PlatformSwitch.objects.exists()


def test_missing_items_are_deleted_and_staging_is_unfrozen(
    platform: SandboxProcess, shop: Connection, record: Journal
) -> None:
    delete_at_shop(platform, "products", 3, 5)
    delete_at_shop(platform, "sellers", 2)
    assert Check(record).run()
    assert deleted() == {"3", "5"}
    assert Variant.objects.filter(status="deleted").count() == 2
    assert list(Seller.objects.filter(status="deleted").values_list("slug", flat=True)) == ["seller-2"]
    assert set(Link.objects.filter(missing=True).values_list("external_id", flat=True)) == {"3", "5"}
    assert not is_frozen()
    result = record.check()
    assert [row["shop_id"] for row in result["deleted_products"]["shown"]] == ["3", "5"]
    assert result["deleted_sellers"]["shown"][0]["slug"] == "seller-2"
    assert result["guard"] == {"harmful": [], "answer": None, "by": ""}


def test_items_only_in_the_shop_are_listed(platform: SandboxProcess, shop: Connection, record: Journal) -> None:
    Link.objects.filter(kind="product", external_id__in=["7", "8"]).delete()
    Link.objects.filter(kind="seller", external_id="3").delete()
    assert Check(record).run()
    only = {(row["kind"], row["shop_id"]) for row in record.check()["only_in_shop"]["shown"]}
    assert {("product", "7"), ("product", "8"), ("seller", "3")} <= only
    assert ("product", "9") not in only
    assert record.check()["products_without_an_id_in_a_shop"] == 2
    assert record.check()["unchecked_products"]["reasons"] == {"no id": 2}
    assert deleted() == set()


def test_missing_brands_and_categories_are_only_reported(
    platform: SandboxProcess, shop: Connection, record: Journal
) -> None:
    """Categories are linked per storefront (L9)."""
    for kind in ("brand", "category", "category@2"):
        Link.objects.create(connection=shop, kind=kind, external_id="1", item_id=1)
        Link.objects.create(connection=shop, kind=kind, external_id=f"99{len(kind)}", item_id=2)
    assert Check(record).run()
    kinds = record.check()["shops"][0]["kinds"]
    assert [(kinds[kind]["checked"], kinds[kind]["missing"]) for kind in ("brand", "category")] == [(2, 1), (4, 2)]
    reported = record.check()["missing_but_only_reported"]
    assert {(row["kind"], row["shop_id"]) for row in reported["shown"]} == {
        ("brand", "995"),
        ("category", "998"),
        ("category", "9910"),
    }
    assert not Link.objects.filter(missing=True).exists()


def test_many_missing_items_are_deleted_only_after_a_yes(
    platform: SandboxProcess, shop: Connection, record: Journal
) -> None:
    """More than 20%, and at least 10."""
    delete_at_shop(platform, "products", *range(1, 11))
    delete_at_shop(platform, "sellers", 1)
    assert not Check(record).run()
    assert record.last("asking")["harmful"] == [{"shop": "marketplace", "kind": "product", "missing": 10, "of": 30}]
    assert deleted() == set() and is_frozen()
    Check(record).answer(yes=True, by="olivia")
    assert deleted() == {str(number) for number in range(1, 11)}
    assert record.check()["guard"]["by"] == "olivia"
    assert not is_frozen()


def test_a_no_keeps_only_the_items_in_question(platform: SandboxProcess, shop: Connection, record: Journal) -> None:
    delete_at_shop(platform, "products", *range(1, 11))
    delete_at_shop(platform, "sellers", 1)
    assert not Check(record).run()
    Check(record).answer(yes=False, by="olivia")
    assert deleted() == set()
    assert Seller.objects.get(status="deleted").slug == "seller-1"
    assert record.check()["kept_by_answer"]["total"] == 10
    assert not is_frozen()


@pytest.mark.parametrize(("missing", "asks"), [(9, False), (10, True)])
def test_the_guard_starts_at_ten(
    platform: SandboxProcess, shop: Connection, record: Journal, missing: int, asks: bool
) -> None:
    delete_at_shop(platform, "products", *range(1, missing + 1))
    assert Check(record).run() is not asks


def test_the_guard_is_configurable(platform: SandboxProcess, shop: Connection, record: Journal, settings: Any) -> None:
    settings.STAGING_COPY_GUARD_PERCENT = 5
    settings.STAGING_COPY_GUARD_ITEMS = 2
    delete_at_shop(platform, "products", 1, 2)
    assert not Check(record).run()


def test_an_empty_shop_deletes_nothing_without_confirmation(
    platform: SandboxProcess, shop: Connection, record: Journal
) -> None:
    Link.objects.filter(kind="product", external_id__in=map(str, range(4, ITEMS + 1))).delete()
    delete_at_shop(platform, "products", *range(1, ITEMS + 1))
    assert not Check(record).run()  # although there are only three
    assert deleted() == set() and is_frozen()


def test_products_discontinued_on_live_do_not_need_confirmation(
    platform: SandboxProcess, shop: Connection, record: Journal
) -> None:
    gone = Link.objects.filter(kind="product", external_id__in=map(str, range(1, 16))).values("item_id")
    Product.objects.filter(pk__in=gone).update(status="discontinued")
    delete_at_shop(platform, "products", *range(1, 16))
    assert Check(record).run()
    assert len(deleted()) == 15


def test_a_product_that_another_shop_has_is_kept(platform: SandboxProcess, shop: Connection, record: Journal) -> None:
    product = Link.objects.get(kind="product", external_id="3")
    other = Connection.objects.create(
        slug="other",
        name="Other",
        platform="seller_center_shop",
        role="shop",
        base_url=platform.url + "/",
        credentials={"service_name": "Live", "api_key": "live-key"},
    )
    Link.objects.create(connection=other, kind="product", external_id="3", item_id=product.item_id)
    delete_at_shop(platform, "products", 3)
    assert Check(record).run()
    assert deleted() == set()


def test_paused_connections_are_not_checked(platform: SandboxProcess, shop: Connection, record: Journal) -> None:
    before = len(platform.control("GET", "calls")["calls"])
    Connection.objects.update(paused_at=timezone.now(), pause_reason="Uses live's endpoint.")
    assert Check(record).run()
    assert len(platform.control("GET", "calls")["calls"]) == before
    assert record.check()["not_asked"] == [
        {"connection": "marketplace", "reason": "The connection is paused. Reason: Uses live's endpoint."}
    ]
    assert deleted() == set()


@pytest.mark.parametrize("fault", ["status", "rate_limited", "slow", "drop", "half_body", "garbage"])
def test_a_shop_that_fails_deletes_nothing(
    platform: SandboxProcess, shop: Connection, record: Journal, settings: Any, fault: str
) -> None:
    settings.REMOTE_DEADLINE_SECONDS = 1
    delete_at_shop(platform, "products", 3)
    options = {"fault": fault, "times": 50} | ({"delay": 3} if fault == "slow" else {})
    platform.control("POST", "faults", json=options | ({"status": 500} if fault == "status" else {}))
    with pytest.raises(CheckFailed, match="marketplace could not be checked"):
        Check(record).run()
    assert deleted() == set() and is_frozen()


def test_a_shop_that_is_down_deletes_nothing(shop: Connection, record: Journal) -> None:
    Connection.objects.update(base_url="http://127.0.0.1:9")
    with pytest.raises(CheckFailed):
        Check(record).run()
    assert deleted() == set() and is_frozen()


def fake_answer(platform: SandboxProcess, path: str, answer: dict[str, Any]) -> None:
    """The second call to `path`, which is about products, gets this well-formed but wrong answer."""
    platform.fault("garbage", path=path, after=1, times=1, body=json.dumps(answer))


def test_an_incomplete_lookup_is_contradicted_by_the_list(
    platform: SandboxProcess, shop: Connection, record: Journal
) -> None:
    """A partial answer that looks complete."""
    fake_answer(platform, "/lookup", {"found": ["1", "2", "3"]})
    assert Check(record).run()
    assert deleted() == set()
    assert record.check()["contradicted"]["total"] == ITEMS - 3


def test_a_list_with_missing_pages_stops_the_check(platform: SandboxProcess, shop: Connection, record: Journal) -> None:
    delete_at_shop(platform, "products", 3)
    fake_answer(platform, "/list", {"ids": [str(number) for number in range(1, 11)], "next": None})
    with pytest.raises(CheckFailed, match=r"20 IDs \(product\) exist in the shop but are missing in"):
        Check(record).run()
    assert deleted() == set() and is_frozen()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/lookup", {"found": ["1", "2", "31"]}),
        ("/lookup", {"found": ["1"], "more": True}),
        ("/list", {"ids": ["1", "2"], "next": "2", "total": 2}),
        ("/list", {"ids": [], "next": "1"}),
    ],
    ids=["IDs that were not requested", "partial answer", "page of another shape", "next page that is missing"],
)
def test_an_unexpected_answer_deletes_nothing(
    platform: SandboxProcess, shop: Connection, record: Journal, path: str, answer: dict[str, Any]
) -> None:
    delete_at_shop(platform, "products", 3)
    fake_answer(platform, path, answer)
    with pytest.raises(CheckFailed, match="marketplace could not be checked"):
        Check(record).run()
    assert deleted() == set() and is_frozen()


@pytest.mark.parametrize("fault", [{"fault": "slow", "delay": 0.2}, {"fault": "rate_limited"}], ids=["slow", "limited"])
def test_a_slow_or_rate_limited_shop_is_retried(
    platform: SandboxProcess, shop: Connection, record: Journal, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    monkeypatch.setattr(shops, "_MAX_ATTEMPTS", 2)
    delete_at_shop(platform, "products", 3)
    platform.control("POST", "faults", json=fault | {"times": 1, "after": 2, "headers": {"Retry-After": "1"}})
    assert Check(record).run()
    assert deleted() == {"3"} and not is_frozen()


def test_only_the_failed_page_is_requested_again(
    platform: SandboxProcess, shop: Connection, record: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a long list could never be completed within the API budget."""
    monkeypatch.setattr(shops, "_MAX_ATTEMPTS", 2)
    monkeypatch.setattr("connectors.sdk.listing_protocol.MAX_IDS", 10)
    delete_at_shop(platform, "products", 3)
    platform.clear_calls()
    platform.fault("status", status=503, path="/list", after=2, times=1, headers={"Retry-After": "1"})
    assert Check(record).run()
    assert deleted() == {"3"}
    lists = [call["status"] for call in platform.calls() if call["path"] == "/list"]
    assert lists[1:5] == [200, 503, 200, 200]


def test_a_list_that_repeats_pages_stops_the_check(platform: SandboxProcess, shop: Connection, record: Journal) -> None:
    for after, following in ((1, "10"), (1, "20"), (1, "10")):
        body = json.dumps({"ids": ["1", "2"], "next": following})
        platform.fault("garbage", path="/list", after=after, times=1, body=body)
    with pytest.raises(CheckFailed, match="repeats a page"):
        Check(record).run()
    assert deleted() == set() and is_frozen()


def test_a_killed_check_continues_where_it_stopped(
    platform: SandboxProcess, shop: Connection, record: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_at_shop(platform, "products", 3, 25)
    monkeypatch.setattr(check, "_CHUNK_SIZE", 10)
    asked: list[str] = []
    whole = ListingClient.existing

    def dying(self: ListingClient, kind: str, ids: Any) -> set[str]:
        if kind == "products" and "21" in ids and "21" not in asked:
            asked.append("21")
            raise KeyboardInterrupt
        asked.extend(ids if kind == "products" else [])
        return whole(self, kind, ids)

    monkeypatch.setattr(ListingClient, "existing", dying)
    with pytest.raises(KeyboardInterrupt):
        Check(record).run()
    assert deleted() == set()
    assert Check(record).run()
    assert deleted() == {"3", "25"}
    assert sorted(asked.count(str(number)) for number in range(1, 21)) == [1] * 20


def test_a_check_killed_after_its_commit_still_reports_its_deletions(
    platform: SandboxProcess, shop: Connection, record: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    delete_at_shop(platform, "products", 3)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "save_check", killed)
        with pytest.raises(KeyboardInterrupt):
            Check(record).run()
    assert deleted() == {"3"} and not is_frozen()
    assert record.check() == {}
    assert Check(record).run()
    assert [row["shop_id"] for row in record.check()["deleted_products"]["shown"]] == ["3"]
    assert record.events()[-1]["event"] == "checked"


def test_a_fresh_check_repeats_all_lookups(platform: SandboxProcess, shop: Connection, record: Journal) -> None:
    delete_at_shop(platform, "products", *range(1, 15))
    assert not Check(record).run()
    platform.reset()
    assert Check(record).run(fresh=True)
    assert deleted() == set() and not is_frozen()
