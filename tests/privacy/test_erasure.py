"""A person's data is exported and erased everywhere, stays erased after a restore, and expires (A5)."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from connectors.models import FeedImport, WebhookEvent
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Lane, Link, LinkPayload, Run, RunItem
from orders.models import Address, Customer, Order
from privacy.models import Erasure
from privacy.personal_data import export_person, find_person, webhook_events
from privacy.services import apply_ledger, erase_expired, erase_person
from synclog import rejected_items
from synclog.models import Issue, ItemEvent, ItemStatus, RejectedItem
from tests.dashboard.merchants import Merchant, make_merchant, webhook_event

# Values of one person that occur nowhere else.
SIGNS = ("ida@holm.example", "Ida", "Holm", "Strandvejen 12", "side door", "+45 1234", "Engraved", "PN123")


def fill(merchant: Merchant) -> None:
    """Put the person into every table and file that may hold somebody."""
    customer, order = merchant.customer, merchant.order
    Customer.objects.filter(pk=customer.pk).update(
        email="Ida@Holm.example", first_name="Ida", last_name="Holm", phone="+45 1234", note="Ida is nice"
    )
    order.lines.update(title="Engraved for Ida")
    order.shipments.update(tracking_numbers=["PN123"])
    about = {"name": "Ida Holm", "email": "ida@holm.example"}
    for kind, item in ((Kind.CUSTOMER, customer), (Kind.ORDER, order)):
        link = Link.objects.create(connection=merchant.shop, kind=kind, external_id=f"x{item.pk}", item_id=item.pk)
        LinkPayload.objects.create(link=link, received=about, previous=about, sent=about, received_at=timezone.now())
        ItemEvent.objects.create(
            seller=merchant.seller,
            kind=kind,
            item_id=item.pk,
            direction=Direction.IMPORT,
            action="updated",
            message="Ida",
            changes={"name": [None, "Ida Holm"]},
        )
        job = merchant.shop.jobs.first()
        rejected_items.keep(
            job=job,
            seller_id=merchant.seller.pk,
            items=[rejected_items.Rejected(kind, link.external_id, "", about)],
            now=timezone.now(),
        )
    webhook_event(merchant.shop, state="pending")
    WebhookEvent.objects.update(payload=about)


@pytest.fixture
def acorn(db: None, settings: Any, tmp_path: Path) -> Merchant:
    settings.FEED_DIR = tmp_path
    merchant = make_merchant("acorn")
    fill(merchant)
    return merchant


def everything() -> str:
    """All text of all tables of the hub's own apps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
            " AND relname ~ '^(orders|hub|synclog|connectors|privacy|accounts)_'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')  # noqa: S608
            found += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(found)


def feed_file(merchant: Merchant, folder: Path, text: bytes) -> Path:
    path = folder / "import.gz"
    path.write_bytes(gzip.compress(text))
    lane = Lane.objects.filter(connection=merchant.search).first()
    FeedImport.objects.create(lane=lane, file=path.name)
    return path


def test_erased_person_is_nowhere_and_amounts_stay(acorn: Merchant, tmp_path: Path) -> None:
    path = feed_file(acorn, tmp_path, b'{"reviewer": "IDA@holm.example"}\n')
    before, sku = everything(), acorn.order.lines.get().sku
    assert [sign for sign in SIGNS if sign not in before] == []
    person = find_person(seller=acorn.seller, customer_id=acorn.customer.pk)
    erasure = erase_person(person=person, by=acorn.owner)
    after = everything()
    signs = re.compile("|".join(rf"(?<!\w){re.escape(sign)}(?!\w)" for sign in SIGNS), re.IGNORECASE)
    assert [line for line in after.splitlines() if signs.search(line)] == []
    assert not path.exists() and erasure.rows["feed files"] == 1 and erasure.rows["webhooks"] == 1
    order = Order.objects.get(pk=acorn.order.pk)
    assert (order.total, order.lines.get().sku, order.customer_id) == (148.5, sku, acorn.customer.pk)
    customer = Customer.objects.get(pk=acorn.customer.pk)
    assert customer.status == Customer.Status.DELETED
    assert WebhookEvent.objects.get().state == WebhookEvent.State.IGNORED
    assert AuditEvent.objects.get(action="privacy.erase").target == f"erasure {erasure.pk}"


def test_targets_are_told(acorn: Merchant) -> None:
    job = acorn.job(Direction.EXPORT, DataType.PRODUCTS)
    type(job).objects.filter(pk=job.pk).update(data_type=DataType.CUSTOMERS, item_kind=Kind.CUSTOMER)
    erase_person(person=find_person(seller=acorn.seller, email="IDA@holm.example"), by=acorn.owner)
    assert Change.objects.filter(job=job, kind=Kind.CUSTOMER, item_id=acorn.customer.pk).exists()


def test_guest_is_found_by_the_address_of_the_order(acorn: Merchant) -> None:
    Order.objects.filter(pk=acorn.order.pk).update(customer=None)
    Address.objects.filter(order=acorn.order).update(email="guest@holm.example")
    person = find_person(seller=acorn.seller, email="Guest@holm.example")
    assert (person.customer_ids, person.order_ids) == ((), (acorn.order.pk,))
    erase_person(person=person, by=acorn.owner)
    assert not Address.objects.filter(order=acorn.order).exists()


def test_other_people_and_sellers_are_untouched(acorn: Merchant) -> None:
    birch = make_merchant("birch")
    fill(birch)
    before = LinkPayload.objects.filter(link__connection=birch.shop).exclude(received=None).count()
    erase_person(person=find_person(seller=acorn.seller, email="ida@holm.example"), by=acorn.owner)
    assert Customer.objects.get(pk=birch.customer.pk).email == "Ida@Holm.example"
    assert Address.objects.filter(order=birch.order).exists()
    assert LinkPayload.objects.filter(link__connection=birch.shop).exclude(received=None).count() == before


def test_only_events_with_the_whole_address_at_the_sellers_own_connections(acorn: Merchant) -> None:
    shared = make_merchant("birch").shop
    Connection.objects.filter(pk=shared.pk).update(seller=None)
    for at, email in ((shared, "ida@holm.example"), (acorn.shop, "frida@holm.example"), (acorn.shop, "n/a")):
        event = webhook_event(at, state="pending")
        WebhookEvent.objects.filter(pk=event.pk).update(payload={"email": email})
    found = webhook_events(find_person(seller=acorn.seller, email="ida@holm.example"))
    assert [event.payload["name"] for event in found] == ["Ida Holm"]
    WebhookEvent.objects.filter(pk=found[0].pk).update(payload={"to": ["IDA@Holm.example"]})
    assert found.all().count() == 1
    Customer.objects.filter(pk=acorn.customer.pk).update(email="n/a")
    person = find_person(seller=acorn.seller, customer_id=acorn.customer.pk)
    assert person.customer_ids == (acorn.customer.pk,) and not webhook_events(person)


def test_export_has_no_events_of_connections_that_serve_other_sellers_too(acorn: Merchant) -> None:
    own = WebhookEvent.objects.get()
    birch = make_merchant("birch")
    webhook_event(birch.shop, delivery_id="birch")
    type(birch.shop).objects.filter(pk=birch.shop.pk).update(seller=None)
    WebhookEvent.objects.update(payload=own.payload | {"order": 1})
    found = export_person(find_person(seller=acorn.seller, email="ida@holm.example"))
    assert [each["connection__name"] for each in found["webhooks"]] == [acorn.shop.name]


def test_ledger_is_applied_again(acorn: Merchant) -> None:
    erase_person(person=find_person(seller=acorn.seller, email="ida@holm.example"), by=acorn.owner)
    # As a backup from before the erasure has it.
    Customer.objects.filter(pk=acorn.customer.pk).update(email="ida@holm.example", first_name="Ida", status="active")
    Address.objects.create(seller=acorn.seller, order=acorn.order, last_name="Holm")
    call_command("apply_erasures")
    customer = Customer.objects.get(pk=acorn.customer.pk)
    assert (customer.email, customer.first_name, customer.status) == ("", "", "deleted")
    # The customer of a later erasure, whom the backup does not have: nobody else gets the ID.
    later = customer.pk + 1000
    Erasure.objects.create(seller="acorn", customer_ids=[later])
    assert apply_ledger() == 2
    customer.pk = None
    customer.save(force_insert=True)
    assert customer.pk > later
    assert not Address.objects.filter(order=acorn.order).exists()


def test_person_who_was_never_imported_is_found_in_what_was_rejected(acorn: Merchant) -> None:
    """A guest whose only order has an error that nobody has fixed."""
    job = acorn.shop.jobs.first()
    for seller, external_id, email in (
        (acorn.seller, "77", "nils@berg.example"),
        (acorn.seller, "78", "other@berg.example"),
        (make_merchant("birch").seller, "79", "nils@berg.example"),
    ):
        item = rejected_items.Rejected(Kind.ORDER, external_id, "", {"billing": {"email": email}})
        rejected_items.keep(job=job, seller_id=seller.pk, items=[item], now=timezone.now())
        issue = acorn.issues[0]
        issue.pk, issue.seller, issue.job, issue.kind, issue.item_id = None, seller, job, "", None
        issue.external_id, issue.message = f"order:{external_id}", f"{email} ordered nothing."
        issue.save(force_insert=True)
    kept = list(RejectedItem.objects.exclude(external_id="77").values_list("pk", flat=True))
    person = find_person(seller=acorn.seller, email="Nils@berg.example")
    assert person and not find_person(seller=acorn.seller, email="olga@berg.example")
    found = export_person(person)
    assert [row["external_id"] for row in found["rejected_items"]] == ["77"]
    assert [row["external_id"] for row in found["issues"]] == ["order:77"]
    row = RejectedItem.objects.get(external_id="77")
    erasure = erase_person(person=person, by=acorn.owner)
    assert set(RejectedItem.objects.values_list("pk", flat=True)) == set(kept)
    assert set(Issue.objects.filter(external_id__startswith="order:7").values_list("external_id", flat=True)) == {
        "order:78",
        "order:79",
    }
    assert erasure.rejected_item_ids == [row.pk]
    row.save(force_insert=True)  # as a backup from before the erasure has it
    assert apply_ledger() == 1 and set(RejectedItem.objects.values_list("pk", flat=True)) == set(kept)


def test_statuses_and_comparison_results_are_personal_data_too(acorn: Merchant) -> None:
    job, of_customer = acorn.shop.jobs.first(), {"kind": Kind.CUSTOMER, "item_id": acorn.customer.pk}
    ItemStatus.objects.create(
        seller=acorn.seller, job=job, state="failed", message="Ida Holm is unknown", **of_customer
    )
    run = Run.objects.create(job=job, scope=Run.Scope.COMPARISON)
    RunItem.objects.create(run=run, verdict="different", changes={"name": ["Ida", "Ida Holm"]}, **of_customer)
    person = find_person(seller=acorn.seller, customer_id=acorn.customer.pk)
    found = export_person(person)
    assert [row["changes"]["name"] for row in found["comparison_results"]] == [["Ida", "Ida Holm"]]
    assert "Ida Holm is unknown" in [row["message"] for row in found["statuses"]]
    erase_person(person=person, by=acorn.owner)
    assert not RunItem.objects.exists() and not ItemStatus.objects.filter(**of_customer).exclude(message="").exists()


def test_owner_exports_and_erases_on_the_customers_page(acorn: Merchant) -> None:
    client = Client()
    client.force_login(acorn.owner)
    address = f"/s/acorn/customers/{acorn.customer.pk}/"
    answer = client.get(f"{address}export/")
    found = json.loads(answer.content)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert (
        found["customers"][0]["first_name"] == "Ida" and found["orders"][0]["lines"][0]["title"] == "Engraved for Ida"
    )
    assert len(found["payloads"]) == 2 and len(found["webhooks"]) == 1 and len(found["timeline"]) >= 2
    assert "Ida Holm" in json.dumps(found["payloads"]) and found["addresses"]
    assert [row["payload"]["name"] for row in found["rejected_items"]] == ["Ida Holm", "Ida Holm"]
    page = client.post(f"{address}erase/", follow=True).content.decode()
    assert "Personal data erased." in page and "Holm" not in page
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"privacy.export", "privacy.erase"}
    Client().post(f"{address}erase/")
    assert Erasure.objects.count() == 1


def test_administrator_erases_in_the_console(acorn: Merchant) -> None:
    admin_client = Client()
    admin_client.force_login(User.objects.create_user("chief@hub.example", is_staff=True, is_superuser=True))
    sent = {"seller_choice": acorn.seller.pk, "email": "nobody@holm.example", "confirmed": "on"}
    assert "no data about a person" in admin_client.post("/admin/privacy/erasure/add/", sent).content.decode()
    sent["email"] = "ida@holm.example"
    assert admin_client.post("/admin/privacy/erasure/add/", sent).status_code == 302
    erasure = Erasure.objects.get()
    assert erasure.customer_ids == [acorn.customer.pk] and "holm" not in everything().lower()
    assert admin_client.get(f"/admin/privacy/erasure/{erasure.pk}/change/").status_code == 200
    staff = Client()
    staff.force_login(User.objects.create_user("s@hub.example", is_staff=True))
    assert staff.get("/admin/privacy/erasure/").status_code == 403


def test_command_exports(acorn: Merchant, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_person", "acorn", "ida@holm.example")
    assert json.loads(capsys.readouterr().out)["customers"][0]["last_name"] == "Holm"
    with pytest.raises(CommandError, match="no data"):
        call_command("export_person", "acorn", "nobody@holm.example")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m, old: Order.objects.filter(pk=m.order.pk).update(placed_at=old), "orders"),
        (lambda m, old: Customer.objects.update(status="deleted", updated_at=old), "customers"),
        (lambda m, old: LinkPayload.objects.filter(link__kind="order").update(received_at=old), "payloads"),
    ],
)
def test_personal_data_expires(acorn: Merchant, change: Callable[[Merchant, Any], Any], expected: str) -> None:
    now = timezone.now()
    assert erase_expired(now=now) == {"customers": 0, "orders": 0, "payloads": 0}
    change(acorn, now - timedelta(days=1200))
    assert {name for name, number in erase_expired(now=now).items() if number} == {expected}
    assert erase_expired(now=now) == {"customers": 0, "orders": 0, "payloads": 0}
    assert Order.objects.get(pk=acorn.order.pk).total == 148.5
