"""What shops ask to do with personal data: seen, answered and closed in the console before it is due (A5)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from accounts.models import AuditEvent, Seller
from connectors.services.connections import install_connection, uninstall_connection
from connectors.webhooks.receiving import receiver_for
from hub import clock
from hub.alerts import collect_findings
from hub.kinds import DataType, Kind
from hub.models import Connection, Link
from orders.models import Address, Customer, Order
from privacy.models import Erasure, PrivacyRequest
from privacy.tasks import carry_out
from synclog import rejected_items
from synclog.models import RejectedItem
from tests.admin.conftest import Console
from tests.two_sellers import make_person
from tests.webhooks.test_shopify import deliver

STORE = "acorn.myshopify.com"
APP = "our-app"
PAGES = "/admin/privacy/privacyrequest/"


@pytest.fixture(autouse=True)
def our_app(settings: Any) -> None:
    settings.OAUTH_APPS = {"shopify": (APP, "sandbox-secret")}


def connect(slug: str) -> Connection:
    """A connection by the installation's app, with one customer, who has an order, and an order that was rejected."""
    seller = Seller.objects.create(slug=slug, name=slug.title())
    connection = install_connection(
        seller=seller,
        platform="shopify",
        name="Shop",
        slug=f"{slug}-shopify",
        base_url="http://127.0.0.1:9",
        credentials={"client_id": APP},
        start=False,
    )
    # An address of Shopify cannot be resolved here.
    Connection.objects.filter(pk=connection.pk).update(base_url=f"https://{slug}.myshopify.com")
    customer = Customer.objects.create(seller=seller, email="ida@holm.example", first_name="Ida")
    order = Order.objects.create(
        seller=seller, source=connection, customer=customer, number="#1", total=5, placed_at=clock.now()
    )
    Address.objects.create(seller=seller, order=order, last_name="Holm")
    for kind, external_id, item in ((Kind.CUSTOMER, "4", customer), (Kind.ORDER, "820", order)):
        Link.objects.create(connection=connection, kind=kind, external_id=external_id, item_id=item.pk)
    job = connection.jobs.get(data_type=DataType.ORDERS, direction="import")
    rejected = [rejected_items.Rejected(Kind.ORDER, "830", "", {"name": "Holm"})]
    rejected_items.keep(job=job, seller_id=seller.pk, items=rejected, now=clock.now())
    return Connection.objects.get(pk=connection.pk)


@pytest.fixture
def acorn(db: None) -> Connection:
    return connect("acorn")


@pytest.fixture
def birch(db: None) -> Connection:
    return connect("birch")


@pytest.fixture
def administrator(db: None) -> Console:
    console = Console()
    console.force_login(make_person("operator@hub.example", is_staff=True, is_superuser=True))
    return console


def ask(connection: Connection, topic: str, **body: Any) -> PrivacyRequest:
    assert deliver(connection, topic, {"shop_domain": STORE} | body) == 200
    return PrivacyRequest.objects.get(seller="acorn")


def due_alerts(**later: int) -> list[str]:
    found = collect_findings(now=clock.now() + timedelta(**later))
    return [each.message for each in found if each.key.startswith("privacy:")]


def data_request(connection: Connection) -> PrivacyRequest:
    customer = {"id": 4, "email": "ida@holm.example", "phone": "555"}
    return ask(connection, "customers/data_request", customer=customer, orders_requested=[820], data_request={"id": 9})


def test_an_export_is_due_in_30_days_and_operators_are_alerted_before(acorn: Connection) -> None:
    request = data_request(acorn)
    assert (request.action, request.due_at - request.received_at) == ("export", timedelta(days=30))
    assert data_request(acorn) == request  # however often it is delivered
    assert due_alerts(days=22) == []
    assert "is due in 6" in due_alerts(days=23, hours=1)[0] and "is overdue" in due_alerts(days=31)[0]
    assert "holm" not in str(due_alerts(days=31))


def test_an_administrator_exports_and_closes(acorn: Connection, birch: Connection, administrator: Console) -> None:
    """Only what the hub holds for this seller; afterwards nothing of the person is left in the request."""
    request = data_request(acorn)
    page = f"{PAGES}{request.pk}/"
    text = administrator.get(f"{page}change/").content.decode()
    assert "ida@holm.example" in text and STORE in text
    exported = json.loads(administrator.get(f"{page}export/").content)
    assert [each["first_name"] for each in exported["customers"]] == ["Ida"]
    assert [each["number"] for each in exported["orders"]] == ["#1"] and exported["seller"] == "acorn"
    administrator.do(f"{page}close/", answer="Sent to the store.")
    request.refresh_from_db()
    assert (request.answer, request.email, request.order_ids) == ("Sent to the store.", "", [])
    assert request.closed_by.startswith("user ") and due_alerts(days=31) == []
    assert administrator.get(f"{page}export/").status_code == 404
    actions = AuditEvent.objects.filter(target=f"privacy request {request.pk}").order_by("pk")
    assert [each.action for each in actions] == ["privacy.export", "privacy.request.close"]


def test_requests_are_for_administrators_alone(acorn: Connection) -> None:
    request = data_request(acorn)
    person = make_person("staff@hub.example", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="privacy"))
    console = Console()
    console.force_login(person)
    for address in ("", f"{request.pk}/change/", f"{request.pk}/export/"):
        assert console.get(PAGES + address).status_code == 403, address
    assert console.do(f"{PAGES}{request.pk}/close/", answer="x").status_code == 403


def test_all_customers_of_a_store_are_erased_once_confirmed(
    acorn: Connection, birch: Connection, administrator: Console
) -> None:
    """Not before its connection is uninstalled; and nothing of another store."""
    request = ask(acorn, "shop/redact")
    page = f"{PAGES}{request.pk}/confirm/"
    administrator.do(page)
    carry_out()
    assert not PrivacyRequest.objects.exclude(confirmed_by="").exists()
    uninstall_connection(connection=acorn, by=None)
    administrator.do(page)
    carry_out()
    request.refresh_from_db()
    assert (request.answer, request.closed_by[:5]) == ("Customers erased: 1.", "user ")
    assert list(Customer.objects.order_by("seller__slug").values_list("first_name", flat=True)) == ["", "Ida"]
    assert list(Address.objects.values_list("seller__slug", flat=True)) == ["birch"]
    assert list(RejectedItem.objects.values_list("seller__slug", flat=True)) == ["birch"]
    assert set(Erasure.objects.values_list("seller", flat=True)) == {"acorn"}


@pytest.mark.parametrize("secret", ["sandbox-secret", "known to a seller"])
def test_a_store_that_was_uninstalled_here_is_erased_if_our_app_asks(
    acorn: Connection, birch: Connection, secret: str
) -> None:
    """Shopify asks 48 hours after the app was removed. Who knows the secret of an own app speaks for no other store."""
    uninstall_connection(connection=acorn, by=None)
    if secret != "sandbox-secret":
        credentials = {"access_token": "shpat_1", "client_secret": "sandbox-secret"}
        Connection.objects.filter(pk=birch.pk).update(credentials=credentials)
    receiver_for(birch.webhook_token, refresh=True)
    assert deliver(birch, "shop/redact", {"shop_domain": STORE}) == 200
    found = PrivacyRequest.objects.values_list("seller", "connection_ids")
    assert list(found) == ([("acorn", [acorn.pk])] if secret == "sandbox-secret" else [])
