"""Each vendor's ERP receives the vendor's order lines and only the customer data that it needs (S1, S9)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import DropshipAgreement, Seller
from accounts.queries import agreements_of_seller
from hub.models import Change, Job, Link, Run, RunCounter
from hub.services import start_run
from orders.models import Order, OrderLine
from sandbox.process import SandboxProcess
from synclog.models import ItemStatus
from tests.dropship.conftest import Vendor, make_agreement, shop_of
from tests.engine.worker import work_until_idle
from tests.factories import make_seller
from tests.orders.importing import address, import_records, line, order

pytestmark = pytest.mark.django_db(transaction=True)


def mixed_order(external_id: str = "5", **fields: Any) -> Any:
    """An order with lines of both vendors and of the seller."""
    lines = [
        line(f"{external_id}-a", "PINE-1", "2", vendor="Pines & Co"),
        line(f"{external_id}-b", "QUAY-1", "1", vendor="QUAYS"),
        line(f"{external_id}-c", "OWN-1"),
        line(f"{external_id}-d", "PINE-2", "3", vendor="pines & co"),
    ]
    fields = {"total": Decimal(70), "customer_note": "Ring twice", "ip_address": "192.0.2.7"} | fields
    return order(external_id, "", *(fields.pop("lines", lines)), **fields)


def erp_orders(erps: SandboxProcess, vendor: Vendor) -> dict[str, dict[str, Any]]:
    """The orders in the vendor's ERP by order number."""
    return {row["number"]: row for row in erps.state("orders", vendor.seller.slug)}


def skus(found: dict[str, Any]) -> list[str]:
    return [each["sku"] for each in found["lines"]]


def test_each_vendor_gets_its_own_lines(orders: Job, pines: Vendor, quays: Vendor, erps: SandboxProcess) -> None:
    import_records(orders, mixed_order())
    work_until_idle()
    assert skus(erp_orders(erps, pines)["N-5"]) == ["PINE-1", "PINE-2"]
    assert skus(erp_orders(erps, quays)["N-5"]) == ["QUAY-1"]
    assert not Change.objects.exists()


def test_of_the_customer_only_the_address_is_sent(
    orders: Job, pines: Vendor, seller: Seller, erps: SandboxProcess
) -> None:
    import_records(
        orders,
        mixed_order(
            customer_id="7",
            addresses=[
                address(first_name="Zoe", email="zoe@buyer.example", phone="+47 1"),
                address(use="billing", street="Secret road"),
            ],
        ),
    )
    work_until_idle()
    received = erp_orders(erps, pines)["N-5"]
    (where,) = received["addresses"]
    assert (where["street"], where["first_name"], where["phone"], where["email"]) == ("Storgata 1", "Zoe", "+47 1", "")
    assert (received["customer"], received["note"], received["total"], received["tax"]) == ("", "", 50, 0)
    assert "Secret road" not in str(received)


def test_orders_without_lines_of_the_vendor_are_not_sent(
    orders: Job, pines: Vendor, quays: Vendor, erps: SandboxProcess
) -> None:
    import_records(orders, mixed_order(lines=[line("b", "QUAY-1", vendor="Quays"), line("c", "OWN-1")]))
    work_until_idle()
    assert erp_orders(erps, pines) == {} and list(erp_orders(erps, quays)) == ["N-5"]
    assert not ItemStatus.objects.filter(job=pines.sales).exists()
    assert not Run.objects.filter(job=pines.sales).exists()


def test_lines_reassigned_to_another_vendor_are_removed(
    orders: Job, pines: Vendor, quays: Vendor, erps: SandboxProcess
) -> None:
    import_records(orders, mixed_order(lines=[line("a", vendor="Pines & Co")]))
    work_until_idle()
    import_records(orders, mixed_order(lines=[line("a", vendor="Quays")]))
    work_until_idle()
    assert erp_orders(erps, pines) == {} and list(erp_orders(erps, quays)) == ["N-5"]


def test_a_vendor_serves_several_sellers(orders: Job, pines: Vendor, seller: Seller, erps: SandboxProcess) -> None:
    second = make_seller("beta")
    make_agreement(second, pines.seller, "The pine people")
    import_records(orders, mixed_order("1"))
    import_records(
        shop_of(second),
        mixed_order("2", lines=[line("x", "PINE-9", vendor="The Pine People"), line("y", vendor="Quays")]),
    )
    work_until_idle()
    assert {number: skus(found) for number, found in erp_orders(erps, pines).items()} == {
        "N-1": ["PINE-1", "PINE-2"],
        "N-2": ["PINE-9"],
    }
    assert set(ItemStatus.objects.values_list("seller__slug", flat=True)) == {"acme", "beta"}


def test_the_vendors_own_orders_are_sent_completely(pines: Vendor, erps: SandboxProcess) -> None:
    import_records(shop_of(pines.seller), mixed_order())
    work_until_idle()
    assert skus(erp_orders(erps, pines)["N-5"]) == ["PINE-1", "QUAY-1", "OWN-1", "PINE-2"]
    assert erp_orders(erps, pines)["N-5"]["note"] == "Ring twice"


def test_ending_an_agreement_changes_no_sent_orders(
    orders: Job, pines: Vendor, seller: Seller, erps: SandboxProcess
) -> None:
    import_records(orders, mixed_order("1"))
    work_until_idle()
    end_agreements(seller)
    import_records(orders, mixed_order("1", lines=[line("1-c", "OWN-1")]), mixed_order("2"))
    assert not Change.objects.filter(job=pines.sales).exists()
    start_run(job=pines.sales, trigger=Run.Trigger.BUTTON, resend=True)
    work_until_idle()
    assert {number: skus(found) for number, found in erp_orders(erps, pines).items()} == {"N-1": ["PINE-1", "PINE-2"]}


def end_agreements(seller: Seller) -> None:
    agreements_of_seller(seller_id=seller.pk).update(active=False)


def test_changes_queued_at_the_end_of_an_agreement_are_not_sent(
    orders: Job, pines: Vendor, seller: Seller, erps: SandboxProcess
) -> None:
    import_records(orders, mixed_order("1"))
    work_until_idle()
    import_records(orders, mixed_order("1", lines=[line("1-c", "OWN-1")]), mixed_order("2"))
    assert Change.objects.filter(job=pines.sales).count() == 2
    end_agreements(seller)
    work_until_idle()
    assert list(erp_orders(erps, pines)) == ["N-1"] and not Change.objects.exists()


@pytest.mark.parametrize("who", ["seller", "vendor"])
def test_neither_party_of_an_agreement_can_be_deleted(
    who: str, orders: Job, pines: Vendor, seller: Seller, erps: SandboxProcess
) -> None:
    gone = {"seller": seller, "vendor": pines.seller}[who]
    Seller.objects.filter(pk=gone.pk).update(status=Seller.Status.DELETED)
    import_records(orders, mixed_order())
    assert not Change.objects.exists()
    assert erp_orders(erps, pines) == {}


def test_orders_from_before_the_agreement_are_not_sent(
    orders: Job, pines: Vendor, seller: Seller, erps: SandboxProcess
) -> None:
    DropshipAgreement.objects.update(since=orders.connection.created_at)
    import_records(orders, mixed_order())
    start_run(job=pines.sales, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert erp_orders(erps, pines) == {}


def test_a_full_sync_reads_only_the_vendors_orders(
    orders: Job, make_vendor: Callable[[str], Vendor], seller: Seller, erps: SandboxProcess
) -> None:
    import_records(orders, mixed_order("1"), mixed_order("2", lines=[line("z", "OWN-1")]), mixed_order("3"))
    pines = make_vendor("pines")
    make_agreement(seller, pines.seller, "Pines & Co")
    start_run(job=pines.sales, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert sorted(erp_orders(erps, pines)) == ["N-1", "N-3"]
    assert Run.objects.get(job=pines.sales).total == 2
    erps.clear_calls()
    start_run(job=pines.sales, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert erps.calls() == []
    # Reassign lines without enqueuing a change.
    OrderLine.objects.filter(order__number="N-3").update(vendor="")
    Order.objects.filter(number="N-3").update(revision=10**6)
    start_run(job=pines.sales, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert sorted(erp_orders(erps, pines)) == ["N-1"]
    assert RunCounter.objects.filter(run__job=pines.sales).latest("pk").removed == 1


def test_only_erp_connections_are_notified(orders: Job, pines: Vendor, erps: SandboxProcess) -> None:
    pines.erp.role = "b2b"
    pines.erp.save()
    import_records(orders, mixed_order())
    assert not Change.objects.exists()
    start_run(job=pines.sales, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert erp_orders(erps, pines) == {} and not Link.objects.filter(connection=pines.erp).exists()


def test_an_invalid_agreement_is_rejected_with_the_reason(seller: Seller) -> None:
    vendor, other = make_seller("pines"), make_seller("quays")
    make_agreement(seller, vendor, " Pines ")
    assert DropshipAgreement.objects.get().name_on_lines == "Pines"
    for wrong, why in (
        ((seller, vendor, "Others"), "already has an agreement with this vendor"),
        ((seller, other, "PINES"), "Another vendor already uses this name"),
        ((seller, seller, "Self"), "Seller and vendor must be different"),
        ((seller, other, "  "), "name_on_lines"),
    ):
        with pytest.raises(ValidationError, match=why):
            make_agreement(*wrong)
    assert DropshipAgreement.objects.count() == 1
    make_agreement(other, vendor, "Pines")
