"""OAuth tokens stay those of the database in use: no copy, rollback or restored backup brings back a spent one (L8)."""

from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from hub.models import Connection
from orders.models import Order
from privacy.models import Erasure
from staging_copy import services
from staging_copy.copying import swap
from staging_copy.models import Copy
from staging_copy.postgres import Database
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system

LIVE, FIRST, NEWEST = b"live's tokens", b"first tokens", b"newest tokens"


def store(copy_databases: CopyDatabases, tokens: bytes, *, on: Database, slug: str = "acme-shop") -> None:
    copy_databases.execute(
        "INSERT INTO connectors_oauthtokens (connection_id, tokens, expires_at, state, epoch)"
        " SELECT id, %s, now(), 'valid', 3 FROM hub_connection WHERE slug = %s"
        " ON CONFLICT (connection_id) DO UPDATE SET tokens = EXCLUDED.tokens",
        *(tokens, slug),
        on=on,
    )


def stored(copy_databases: CopyDatabases, *, on: Database) -> dict[str, bytes]:
    """Slug of each connection with tokens → the tokens."""
    rows = copy_databases.query(
        "SELECT slug, tokens FROM connectors_oauthtokens JOIN hub_connection ON id = connection_id", on=on
    )
    return {slug: bytes(tokens) for slug, tokens in rows}


@pytest.fixture
def staging(copy_databases: CopyDatabases, live: Live) -> Database:
    """Staging with the same shop as live under another ID, and other tokens."""
    seller = copy_databases.query("SELECT to_jsonb(s)::text FROM accounts_seller AS s", on=copy_databases.live)
    shop = copy_databases.query("SELECT to_jsonb(c)::text FROM hub_connection AS c", on=copy_databases.live)
    for table, row in (("accounts_seller", seller), ("hub_connection", shop)):
        copy_databases.execute(f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, %s)).*", row[0][0])
    copy_databases.execute("UPDATE hub_connection SET id = id + 4000, base_url = 'https://shop.staging.example'")
    store(copy_databases, LIVE, on=copy_databases.live)
    store(copy_databases, FIRST, on=copy_databases.staging)
    return copy_databases.staging


@pytest.fixture
def restored_live(copy_databases: CopyDatabases) -> Iterator[Database]:
    """Live, whose test database takes its place again after the test."""
    yield copy_databases.live
    connection.close()
    if swap.databases(copy_databases.live, [swap.previous_name(copy_databases.live)]):
        swap.rollback(copy_databases.live)
        swap.drop(copy_databases.live, swap.previous_name(copy_databases.live))


def test_a_copy_keeps_stagings_tokens_under_the_new_id_of_the_connection(
    copy_databases: CopyDatabases, live: Live, staging: Database, copy: Callable[[], Copy]
) -> None:
    copy()
    assert stored(copy_databases, on=staging) == {"acme-shop": FIRST}
    assert copy_databases.query("SELECT connection_id, state, epoch FROM connectors_oauthtokens") == [
        (live.shop.pk, "valid", 3)
    ]


def test_a_rollback_keeps_the_newest_tokens_and_so_does_undoing_it(
    copy_databases: CopyDatabases, staging: Database, copy: Callable[[], Copy]
) -> None:
    done = copy()
    store(copy_databases, NEWEST, on=staging)
    services.rollback(copy=done, by=None)
    assert stored(copy_databases, on=staging) == {"acme-shop": NEWEST}
    store(copy_databases, b"newer still", on=staging)
    services.rollback(copy=done, by=None)
    assert stored(copy_databases, on=staging) == {"acme-shop": b"newer still"}


def test_a_rollback_forgets_tokens_that_the_copy_did_not_have(
    copy_databases: CopyDatabases, staging: Database, copy: Callable[[], Copy]
) -> None:
    """Nobody knows whether they were used since."""
    done = copy()
    copy_databases.execute("DELETE FROM connectors_oauthtokens")
    services.rollback(copy=done, by=None)
    assert stored(copy_databases, on=staging) == {}


def test_a_restored_backup_keeps_the_tokens_of_live_and_what_was_erased(
    copy_databases: CopyDatabases, live: Live, restored_live: Database
) -> None:
    store(copy_databases, FIRST, on=restored_live)
    Connection.objects.create(slug="later", name="Later", platform="rest", role="custom", base_url="https://a.example")
    store(copy_databases, FIRST, on=restored_live, slug="later")
    Order.objects.update(customer_note="Ask for Alice")
    backup = services.take_backup()
    store(copy_databases, NEWEST, on=restored_live)
    Erasure.objects.create(seller="acme", order_ids=[live.order.pk])
    copy_databases.execute("DELETE FROM connectors_oauthtokens WHERE tokens = %s", FIRST, on=restored_live)
    call_command("restore_live", backup.name, "--replace", restored_live.name, stdout=StringIO())
    connection.close()
    assert stored(copy_databases, on=restored_live) == {"acme-shop": NEWEST}
    assert copy_databases.query("SELECT customer_note FROM orders_order", on=restored_live) == [("",)]
