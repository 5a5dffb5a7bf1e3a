"""An installation of each released version upgrades to this one and continues where it stopped (docs/upgrading.md)."""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from accounts.models import User
from catalog.models import Product
from connectors.adapters.factory import account_for
from hub.kinds import Direction
from hub.models import Change, Connection, Job, JobState, Link, Run
from hub.services import start_run
from orders.models import Order
from staging_copy.postgres import Database
from synccenter.celery import app
from synclog.models import Issue
from tests.engine.worker import last_run, work_until_idle
from tests.upgrade.conftest import Installation
from tests.upgrade.contents import API_KEY, PASSWORD, put

pytestmark = pytest.mark.system

SCHEMA = """
SELECT 'column', format('%s.%s', c.oid::regclass, attname),
       concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NOT NULL' END,
                 pg_get_expr(adbin, adrelid), attidentity)
  FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
  LEFT JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT 'storage', oid::regclass::text, array_to_string(reloptions, ',') FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', format('%s.%s', conrelid::regclass, conname), pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'trigger', format('%s.%s', tgrelid::regclass, tgname), pg_get_triggerdef(oid) FROM pg_trigger
 WHERE NOT tgisinternal
UNION ALL
SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
UNION ALL
SELECT 'sequence', sequencename, format('%s from %s by %s', data_type, start_value, increment_by) FROM pg_sequences
 WHERE schemaname = 'public'
"""


def schema(database: Database) -> set[tuple[str, str, str]]:
    """Everything that migrations make, but for the partitions of single days, which differ with the day.

    Casts and brackets are left out: PostgreSQL adds some to conditions that were dumped and restored.
    """
    with database.connect() as session, session.cursor() as cursor:
        cursor.execute(SCHEMA)
        rows = [row for row in cursor.fetchall() if not re.search(r"_20\d{6}", " ".join(row))]
    return {(kind, name, re.sub(r"::[a-z ]+(\[\])?|[()]", "", definition)) for kind, name, definition in rows}


def jobs(seller: str, direction: Direction) -> list[Job]:
    found = Job.objects.select_related("connection").filter(
        connection__seller__slug=seller, connection__platform__startswith="rest", direction=direction
    )
    return list(found.order_by("id"))


def sync(job: Job) -> Run:
    """A full sync from its start to its end."""
    start_run(job=job, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    return last_run(job)


def totals(run: Run) -> dict[str, int]:
    """What a run counted over all kinds; what it counted none of is left out."""
    figures = {name: sum(getattr(each, name) for each in run.counters.all()) for name in run.counters.model.Outcome}
    return {name: number for name, number in figures.items() if number}


def test_the_schema_is_that_of_a_new_installation(upgraded: Database, db: None) -> None:
    """It is not if a migration that was released has been edited since."""
    new = schema(upgraded.named(connection.settings_dict["NAME"]))
    old = schema(upgraded)
    assert len(new) > 500
    assert (sorted(old - new), sorted(new - old)) == ([], [])


@pytest.mark.parametrize("by", ["revisions", "hashes"])
def test_a_full_sync_writes_nothing(installation: Installation, by: str) -> None:
    """Nothing changed, so revisions and hashes of the earlier version still mean the same."""
    if by == "hashes":
        # As after a change of the connection's settings, which makes a full sync look at every payload.
        JobState.objects.update(config_hash="of other settings")
    links = set(Link.objects.values_list("connection", "kind", "external_id", "item_id"))
    Change.objects.exclude(state=Change.State.HELD).delete()
    for job in jobs("acorn", Direction.IMPORT) + jobs("acorn", Direction.EXPORT):
        run = sync(job)
        assert run.state in (Run.State.DONE, Run.State.DONE_WITH_ERRORS), (job, run.reason)
        assert totals(run).keys() <= {"read", "unchanged", "skipped"}, (job, totals(run))
        assert totals(run)["unchanged"], job
    assert installation.writes() == []
    assert set(Link.objects.values_list("connection", "kind", "external_id", "item_id")) == links


def test_the_targets_hold_what_they_should(installation: Installation) -> None:
    """A comparison field by field, which does not rely on any hash."""
    for job in jobs("acorn", Direction.EXPORT):
        start_run(job=job, scope=Run.Scope.COMPARISON, trigger=Run.Trigger.BUTTON)
        work_until_idle()
        run = last_run(job)
        assert (run.state, run.items.count()) == (Run.State.DONE, 0), (job, run.reason)


def test_what_waited_is_sent(installation: Installation) -> None:
    """The queue survives: a waiting change goes out, one that waits for a person stays."""
    work_until_idle()
    titles = {each["title"] for each in installation.systems.state("products", "vendor")}
    assert titles == {"Product SENT 1", "Product WAITING 1"}
    [held] = Change.objects.all()
    assert (held.state, held.failure_kind) == (Change.State.HELD, Change.FailureKind.REJECTED)


def test_what_changes_in_the_shop_reaches_the_target(installation: Installation) -> None:
    shop = installation.systems
    [before] = [each for each in shop.state("products", "shop") if each["key"] == "p3"]
    put(shop, "shop", "products", [before | {"title": "Beech chair", "updated_at": "2026-12-24T08:00:00+00:00"}])
    [products] = [job for job in jobs("acorn", Direction.IMPORT) if job.data_type == "products"]
    assert totals(sync(products))["updated"] == 1
    assert [each["title"] for each in shop.state("products", "erp")].count("Beech chair") == 1


def test_every_connection_still_suits_its_platform(installation: Installation) -> None:
    """Settings, field map and decrypted credentials fit what the adapter asks for now."""
    for each in Connection.objects.all():
        assert account_for(each).credentials.model_dump(), each


def test_schedules_name_tasks_that_workers_know(installation: Installation) -> None:
    app.loader.import_default_modules()
    scheduled = set(PeriodicTask.objects.filter(enabled=True).values_list("task", flat=True))
    assert len(scheduled) > 5
    assert scheduled - app.tasks.keys() == set()


def test_merchants_sign_in_and_find_their_pages(installation: Installation) -> None:
    client = Client()
    assert client.login(username="owner@acorn.example", password=PASSWORD)
    product, order = Product.objects.get(title="Oak chair 3"), Order.objects.get(number="1001")
    addresses = ["", "issues/", "runs/", "checks/", "products/", "customers/", "orders/", "statuses/", "webhooks/"]
    addresses += ["settings/", f"products/{product.pk}/", f"orders/{order.pk}/", f"customers/{order.customer_id}/"]
    [link] = Link.objects.filter(connection__slug="acorn-erp", kind="product", item_id=product.pk)
    addresses += [f"payloads/{link.pk}/"]
    addresses += [f"runs/{run.pk}/" for run in Run.objects.filter(job__connection__seller__slug="acorn")[:5]]
    for address in addresses:
        assert client.get(f"/s/acorn/{address}").status_code == 200, address
    assert Issue.objects.filter(resolved_at=None, seller__slug="acorn").exists()


def test_operators_find_every_page_of_the_console(installation: Installation) -> None:
    client = Client()
    client.force_login(User.objects.get(email="operator@hub.example"))
    for model in admin.site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        addresses = [reverse(f"{base}_changelist")]
        addresses += [reverse(f"{base}_change", args=[row.pk]) for row in model._default_manager.all()[:1]]
        for address in addresses:
            assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("feed", ["products", "inventory", "images"])
def test_keys_and_feeds_go_on(installation: Installation, feed: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {API_KEY}"})
    whole = client.get(f"/api/v1/feeds/{feed}/full")
    assert whole.status_code == 200 and b"".join(whole).count(b"\n") >= 10
    since = client.get(f"/api/v1/feeds/{feed}", {"cursor": whole["Feed-Cursor"]}).json()
    assert since["items"] == []
