"""An ID that is used by another product's variant is not reassigned: the product stays pending, and both are named
(L16)."""

from decimal import Decimal

import pytest

from catalog.models import Product, Variant
from catalog.records import PriceRecord, ProductRecord, VariantRecord
from hub.kinds import DataType, Direction, Kind
from hub.models import Job, Link
from synclog.models import Issue, ItemStatus
from synclog.queries import open_collisions
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Job:
    connection = make_connection(make_seller("acme"), name="Acme shop", role="shop")
    return make_job(connection, DataType.PRODUCTS, Direction.IMPORT)


def product(external_id: str, title: str, **variants: str) -> ProductRecord:
    """`variants`: external ID → SKU."""
    rows = [
        VariantRecord(external_id=pk, sku=sku, price=PriceRecord(amount=Decimal(5))) for pk, sku in variants.items()
    ]
    return ProductRecord(external_id=external_id, title=title, variants=rows)


def skus() -> dict[str, set[str]]:
    """Title → SKUs of its live variants."""
    offered = Variant.objects.filter(status="live")
    return {p.title: set(offered.filter(product=p).values_list("sku", flat=True)) for p in Product.objects.all()}


def test_the_product_waits_and_nothing_is_overwritten(shop: Job) -> None:
    import_records(shop, product("1", "Rope", v1="ROPE"))
    for _ in range(2):
        tally = import_records(shop, product("2", "Thief", v1="NEW", v9="OTHER"), product("3", "Hook", v3="HOOK"))
    assert (tally.skipped, tally.unchanged) == (1, 1)
    assert skus() == {"Rope": {"ROPE"}, "Hook": {"HOOK"}}
    issue = Issue.objects.get(resolved_at=None)
    assert (issue.code, issue.external_id, issue.occurrences) == ("variant_id_in_use", "product:2", 2)
    for named in ("Thief", "Rope", "the ID v1", f"no. {Product.objects.get(title='Rope').pk}", "Acme shop"):
        assert named in issue.message
    assert "above the highest ID in use" in issue.fix and list(open_collisions()) == [issue]
    assert ItemStatus.objects.get(item_id=Product.objects.get(title="Rope").pk).state == ItemStatus.State.PENDING


def test_a_known_product_stays_unchanged(shop: Job) -> None:
    import_records(shop, product("1", "Rope", v1="ROPE"), product("2", "Hook", v2="HOOK"))
    import_records(shop, product("2", "Renamed", v2="HOOK", v1="SECOND"))
    assert skus() == {"Rope": {"ROPE"}, "Hook": {"HOOK"}}
    hook = Product.objects.get(title="Hook")
    assert ItemStatus.objects.get(item_id=hook.pk).state == ItemStatus.State.PENDING
    import_records(shop, product("2", "Renamed", v2="HOOK", v8="SECOND"))
    assert skus() == {"Rope": {"ROPE"}, "Renamed": {"HOOK", "SECOND"}}
    assert not open_collisions().exists()


def test_of_two_products_in_one_page_the_first_gets_the_id(shop: Job) -> None:
    import_records(
        shop, product("1", "Rope", v1="ROPE"), product("2", "Thief", v1="NEW"), product("3", "Hook", v3="HOOK")
    )
    assert skus() == {"Rope": {"ROPE"}, "Hook": {"HOOK"}}
    assert open_collisions().get().external_id == "product:2"


def test_an_id_twice_in_one_product_is_an_issue(shop: Job) -> None:
    twice = product("1", "Rope", v1="ROPE")
    assert twice.variants is not None
    twice.variants.append(VariantRecord(external_id="v1", sku="ROPE-2"))
    import_records(shop, twice, product("3", "Hook", v3="HOOK"))
    assert skus() == {"Hook": {"HOOK"}}
    assert Issue.objects.get(resolved_at=None).code == "variant_id_duplicate"


def test_a_variant_moves_from_one_product_to_another(shop: Job) -> None:
    import_records(shop, product("1", "Rope", v1="ROPE", v2="LONG-ROPE"))
    import_records(shop, product("1", "Rope", v1="ROPE"))
    import_records(shop, product("2", "Long rope", v2="LONG-ROPE"))
    assert skus() == {"Rope": {"ROPE"}, "Long rope": {"LONG-ROPE"}}
    moved = Link.objects.get(kind=Kind.VARIANT, external_id="v2")
    assert moved.item_id == Variant.objects.get(status="live", sku="LONG-ROPE").pk
    assert not Issue.objects.filter(resolved_at=None).exists()


def test_a_move_seen_too_early_resolves_itself(shop: Job) -> None:
    import_records(shop, product("1", "Rope", v1="ROPE", v2="LONG-ROPE"))
    for _ in range(2):
        import_records(shop, product("2", "Long rope", v2="LONG-ROPE"))
        import_records(shop, product("1", "Rope", v1="ROPE"))
    assert skus() == {"Rope": {"ROPE"}, "Long rope": {"LONG-ROPE"}}
    assert not open_collisions().exists()
