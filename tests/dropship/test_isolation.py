"""A vendor's users see that orders were sent to their ERP, but no data of the seller or customer (S9)."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Seller
from accounts.services import SCOPES
from connectors.services.checks import start_preview
from dashboard.urls import seller_urls
from hub.models import Job, Link, Run
from hub.services import pause_job, resume_job
from orders.models import Address, Order
from orders.records import FulfilmentRecord, ShipmentRecord
from sandbox.process import SandboxProcess
from synccenter.api import api
from synclog.models import Issue, ItemStatus
from tests.dropship.conftest import Vendor
from tests.engine.worker import work_until_idle
from tests.factories import make_user
from tests.orders.importing import address, import_records, line, order
from tests.two_sellers import key_for

pytestmark = pytest.mark.django_db(transaction=True)

# Data of the order, its customer and its seller.
SECRETS = ("N-5", "Storgata", "Zimmer", "zoe@buyer.example", "OWN-1", "TRACK-1", "acme", "Acme")


@pytest.fixture
def forwarded_order(orders: Job, pines: Vendor, quays: Vendor, erps: SandboxProcess) -> Order:
    """An order that Pines has accepted and shipped; Quays has rejected its part."""
    lines = [line("a", "PINE-1", vendor="Pines & Co"), line("b", "QUAY-1", vendor="Quays"), line("c", "OWN-1")]
    where = address(last_name="Zimmer", email="zoe@buyer.example")
    pause_job(job=quays.sales, by=None)
    import_records(orders, order("5", "N-5", *lines, addresses=[where]))
    work_until_idle()
    found = Order.objects.get()
    error = {"key": str(found.pk), "status": "error", "errors": [{"code": "no", "message": "no such item"}]}
    erps.fault("status", status=200, body={"results": [error]})
    resume_job(job=quays.sales, by=None)
    work_until_idle()
    link = Link.objects.get(connection=pines.erp, kind="order")
    parcel = ShipmentRecord(external_id="f", tracking_numbers=["TRACK-1"], lines={})
    import_records(pines.reports, FulfilmentRecord(external_id=link.external_id, shipments=[parcel]))
    assert ItemStatus.objects.filter(kind="order").count() == 4
    return found


def pages_of(slug: str, found: Order) -> list[str]:
    """Every page of a seller's dashboard, with the IDs of the foreign order or the vendor's own data."""
    objects: dict[str, Any] = {
        "order": found.pk,
        "link": Link.objects.get(connection__seller__slug=slug, kind="order").pk if slug == "pines" else 1,
        "run": Run.objects.filter(job__connection__seller__slug=slug).latest("pk").pk,
    }
    addresses = []
    for pattern in seller_urls:
        names = pattern.pattern.converters.keys()
        if names <= objects.keys():
            kwargs = {"seller": slug} | {name: objects[name] for name in names}
            addresses.append(reverse(f"dashboard:{pattern.name}", kwargs=kwargs))
    return addresses


def test_no_page_of_a_vendor_reveals_the_seller(forwarded_order: Order, pines: Vendor, quays: Vendor) -> None:
    for vendor in (pines, quays):
        client, seen = Client(), ""
        client.force_login(vendor.owner)
        for page in pages_of(vendor.seller.slug, forwarded_order):
            answer = client.get(page)
            text = b"".join(answer.streaming_content) if answer.streaming else answer.content
            seen += text.decode()
            assert [secret for secret in SECRETS if secret in text.decode()] == [], page
        assert vendor.erp.name in seen
        for name, pk in (("order", forwarded_order.pk), ("payload", Link.objects.filter(kind="order").latest("pk").pk)):
            assert client.get(reverse(f"dashboard:{name}", args=[vendor.seller.slug, pk])).status_code == 404
        assert client.get(reverse("dashboard:overview", args=["acme"])).status_code == 404


def test_a_preview_shows_the_number_of_orders_without_their_content(forwarded_order: Order, pines: Vendor) -> None:
    Address.objects.update(street="Storgata 99")
    Order.objects.update(revision=10**6)
    run, _ = start_preview(job=pines.sales, by=pines.owner)
    work_until_idle()
    assert run.items.get().verdict == "update"
    client = Client()
    client.force_login(pines.owner)
    for name in ("check", "check_csv", "run"):
        answer = client.get(reverse(f"dashboard:{name}", args=["pines", run.pk]))
        text = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
        assert answer.status_code == 200 and [secret for secret in SECRETS if secret in text] == [], name


def test_no_api_response_reveals_the_seller(forwarded_order: Order, pines: Vendor, quays: Vendor) -> None:
    paths = api.get_openapi_schema()["paths"]
    for vendor in (pines, quays):
        run = Run.objects.filter(job__connection=vendor.erp).latest("pk")
        for client in (key_for(vendor.seller), key_for(user=vendor.owner, scopes=list(SCOPES))):
            for path, operations in paths.items():
                filled = path.replace("{run_id}", str(run.pk)).replace("{integration}", vendor.erp.slug)
                if "get" in operations and "{" not in filled:
                    answer = client.get(filled).content.decode()
                    assert [secret for secret in SECRETS if secret in answer] == [], filled


def test_the_seller_sees_the_state_of_each_vendor(forwarded_order: Order, seller: Seller, quays: Vendor) -> None:
    owner = make_user("owner@acme.example")
    seller.memberships.create(user=owner, role="owner")
    client = Client()
    client.force_login(owner)
    text = client.get(reverse("dashboard:order", args=["acme", forwarded_order.pk])).content.decode()
    assert "ERP of pines" in text and "ERP of quays" in text and "TRACK-1" in text and "no such item" in text
    rejected = client.get(reverse("dashboard:statuses", args=["acme"]), {"job": quays.sales.pk}).content.decode()
    assert "no such item" in rejected and "N-5" in rejected
    assert set(Issue.objects.filter(job=quays.sales).values_list("seller__slug", flat=True)) == {"acme"}
    # The vendors' own runs are not shown to the seller.
    run = Run.objects.filter(job=quays.sales).latest("pk")
    assert client.get(reverse("dashboard:run", args=["acme", run.pk])).status_code == 404
    assert "ERP of quays" not in client.get(reverse("dashboard:runs", args=["acme"])).content.decode()
