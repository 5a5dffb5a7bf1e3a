# ruff: noqa: S608  (the SQL is this file's own)
"""The content of staging after a copy (L4–L10, N1)."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.services import create_api_key
from catalog.models import Product
from connectors.alerts.notifications import evaluate_and_notify
from hub.models import AlertChannel, Link
from orders.models import Order
from staging_copy.copying.config import Config
from staging_copy.copying.stages import STAGES
from staging_copy.masking.rules import Rules
from staging_copy.models import Copy
from tests.staging_copy.conftest import CopyDatabases, Live
from tests.staging_copy.test_rules import WORDS

pytestmark = pytest.mark.system


def test_no_personal_data_reaches_staging(copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]) -> None:
    copy()
    tables = [
        table
        for (table,) in copy_databases.query(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    ]
    content = "\n".join(
        str(row) for table in tables for row in copy_databases.query(f"SELECT t::text FROM {table} AS t")
    ).lower()
    assert "kettle" in content
    for value in (
        "alice", "archer", "acme.example", "builders.example", "high street", "leeds", "20 7946", "jd000", "gift-4711",
    ):  # fmt: skip
        assert value not in content
    for value in ("gb123456789", "gb33bukb", "192.0.2.17", "vip", "ring at", "live-secret", "shop.live.example"):
        assert value not in content


def test_an_address_gets_the_same_number_everywhere(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    """Also where spellings of it are IDs, which stay different: a shop may have a customer for each."""
    spellings = ("alice@acme.example", "Alice@acme.example", "alice@ACME.example")
    for number, spelling in enumerate(spellings):
        Link.objects.create(connection=live.shop, kind="customer", external_id=spelling, item_id=number)
    Order.objects.update(customer_reference=spellings[1])
    copy()
    [(customer,)] = copy_databases.query("SELECT email FROM orders_customer")
    ids = [found for (found,) in copy_databases.query("SELECT external_id FROM hub_link ORDER BY item_id")]
    assert ids[0] == customer and len(set(ids)) == 3 and {found.lower() for found in ids} == {customer}
    assert copy_databases.query("SELECT customer_reference FROM orders_order") == [(ids[1],)]
    [(user,)] = copy_databases.query("SELECT email FROM accounts_user WHERE NOT is_superuser")
    [(description,)] = copy_databases.query("SELECT description FROM catalog_product")
    [(other,)] = copy_databases.query("SELECT attributes->>'contact' FROM catalog_product")
    number, _, domain = customer.partition("@")
    assert number.isdigit() and domain == "sellercenter.net"
    assert user == customer
    assert description == f"<style>@media print {{ p {{ color: red }} }}</style> Ask {customer}."
    assert other.endswith("@sellercenter.net") and other != customer


def test_products_keep_their_ids_and_links(copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]) -> None:
    """L9, L10."""
    more = [Product(seller=live.seller, title=f"Product {number}") for number in range(300)]
    Product.objects.bulk_create(more)
    Link.objects.create(connection=live.shop, kind="product", external_id="77", item_id=live.product.pk)
    copy()
    arrived = copy_databases.query("SELECT id, title FROM catalog_product ORDER BY id")
    assert arrived == list(Product.objects.order_by("pk").values_list("pk", "title"))
    assert copy_databases.query("SELECT external_id, item_id FROM hub_link") == [("77", live.product.pk)]


def test_only_the_shared_admin_can_log_in(copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]) -> None:
    """L4, L6."""
    copy()
    users = dict(copy_databases.query("SELECT email, password FROM accounts_user"))
    assert check_password("known to everybody", users.pop("admin@sellercenter.net"))
    assert users and all(password.startswith("!") for password in users.values())


def test_api_keys_of_live_are_invalid_on_staging(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    """L6. Only hashes are stored, so nobody knows the new keys."""
    create_api_key(user=live.user, seller=live.seller, name="script", scopes=["sync:read"])
    copy()
    [(before,)] = ApiKey.objects.values_list("key_hash")
    [(after,)] = copy_databases.query("SELECT key_hash FROM accounts_apikey")
    assert after != before and len(after) == len(before)


def test_keys_differ_from_copy_to_copy_unless_one_is_set(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], settings: Any
) -> None:
    def number(config: Config) -> str:
        rules = Rules(key=bytes.fromhex(config.masking_key()), secret_key=b"s", domain="sellercenter.net", pools=WORDS)
        return rules.mask("email")(b"alice@acme.example").decode()

    random = Config.from_settings()
    assert number(random) != number(random)
    settings.STAGING_COPY_KEY = "stable"
    stable = Config.from_settings()
    copy()
    assert copy_databases.query("SELECT email FROM orders_customer") == [(number(stable),)]


def test_the_copy_is_writable(copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]) -> None:
    """Sequences continue, and foreign keys and unique and case-insensitive indexes are enforced."""
    User.objects.create_user(email="bob@builders.example", password="x")
    copy()
    copy_databases.execute(
        "INSERT INTO catalog_brand (name, image_url, status, updated_at) VALUES ('B', '', 'live', now())"
    )
    [(highest,)] = copy_databases.query("SELECT max(id) FROM catalog_product")
    copy_databases.execute(
        "INSERT INTO catalog_product (seller_id, title, slug, description, product_type, attributes, status, revision,"
        " created_at, updated_at) SELECT seller_id, 'new', '', '', '', '{}', 'live', 1, now(), now()"
        " FROM catalog_product LIMIT 1"
    )
    [(newest,)] = copy_databases.query("SELECT max(id) FROM catalog_product")
    assert newest > highest
    [(email,)] = copy_databases.query("SELECT min(email) FROM accounts_user")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        copy_databases.execute("UPDATE accounts_user SET email = upper(%s) WHERE email <> %s", email, email)
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        copy_databases.execute("UPDATE orders_order SET customer_id = 999999")
    assert copy_databases.query("SELECT count(*) FROM pg_constraint WHERE NOT convalidated") == [(0,)]


def test_staging_has_the_same_schema_as_live(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    schema = (
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'"
        " UNION ALL SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1, 2"
    )
    copy()
    assert copy_databases.query(schema) == copy_databases.query(schema, on=copy_databases.live)


def test_the_report_documents_the_copy(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], settings: pytest.FixtureRequest
) -> None:
    """N4, L14, L16."""
    settings.STAGING_COPY_CANARIES = ["canary-7f3a@birds.example", "Tweety Canary"]
    live.order.internal_note = "canary-7f3a@birds.example says hello to Tweety Canary"
    live.order.save()
    report = copy().report
    assert report["leaks"]["canaries"] == {
        "canary-7f3a@birds.example": {"met_in_backup": 1, "met_on_staging": 0},
        "Tweety Canary": {"met_in_backup": 1, "met_on_staging": 0},
    }
    [orders] = [table for table in report["tables"] if table["table"] == "orders_order"]
    assert orders["rows_in_backup"] == orders["rows_on_staging"] == 1
    assert orders["rules"]["internal_note"] == "mask:text"
    assert report["highest_ids"]["order"] == live.order.pk
    assert report["advice"]["shop_and_oms_backups_from"] > report["backup"]["taken_at"]
    assert [stage for stage, _ in report["stages"]] == list(STAGES)


def test_channels_are_notified_when_a_copy_starts_and_when_it_is_done(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], mailoutbox: list[Any]
) -> None:
    AlertChannel.objects.create(medium="email", address="ops@shop.example", label="Operators")
    done = copy()
    evaluate_and_notify(now=timezone.now())
    evaluate_and_notify(now=timezone.now())
    [mail] = mailoutbox
    assert mail.subject == "SyncCenter: 2 notifications"
    assert f"{done} has started" in mail.body and f"{done} is done: " in mail.body
