# ruff: noqa: S608  (the SQL is this file's own)
"""Staging's own endpoints, credentials and keys are restored unchanged (L8)."""

import select
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from accounts.models import Membership
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.services.connection_tests import check_connection
from hub.models import AlertChannel, Connection
from staging_copy.copying import freeze
from staging_copy.models import Copy
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system

OWN = "base_url, settings, credentials, webhook_token, webhook_secret, state, paused_at, read_only"


def bytes_of(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows]


def add_connection(
    copy_databases: CopyDatabases, slug: str, *, seller: str = "", base_url: str = "https://shop.staging.example"
) -> None:
    copy_databases.execute(
        "INSERT INTO hub_connection (id, seller_id, slug, name, platform, role, base_url, settings, field_map,"
        " credentials, webhook_token, webhook_secret, state, state_reason, pause_reason, read_only, created_at,"
        " updated_at) VALUES ((SELECT COALESCE(MAX(id), 4000) + 1 FROM hub_connection),"
        " (SELECT id FROM accounts_seller WHERE slug = %s), %s, 'S', 'rest', 'shop', %s, '{\"site\": 1}', '{}',"
        " '\\x00ff5c0a', %s, '\\x0102', 'active', '', '', false, now(), now())",
        *(seller, slug, base_url, f"token-of-{slug}"),
    )


@pytest.fixture
def copied(copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]) -> Callable[[], Copy]:
    """`copied()` is `copy()` with live's seller already on staging, as after a first copy."""
    copy_databases.execute(
        "INSERT INTO accounts_seller SELECT (jsonb_populate_record(NULL::accounts_seller, %s)).*",
        copy_databases.query("SELECT to_jsonb(s)::text FROM accounts_seller AS s", on=copy_databases.live)[0][0],
    )
    return copy


@pytest.fixture
def on_staging(copy_databases: CopyDatabases) -> Iterator[Callable[[], None]]:
    """Calling it makes staging the application's database."""
    default = connections["default"]
    name = default.settings_dict["NAME"]

    def go() -> None:
        default.close()
        default.settings_dict["NAME"] = copy_databases.staging.name

    yield go
    default.close()
    default.settings_dict["NAME"] = name


def test_a_connection_in_both_databases_keeps_stagings_values(
    copy_databases: CopyDatabases, copied: Callable[[], Copy]
) -> None:
    add_connection(copy_databases, "acme-shop", seller="acme")
    before = bytes_of(copy_databases.query(f"SELECT {OWN} FROM hub_connection"))
    copied()
    assert bytes_of(copy_databases.query(f"SELECT {OWN} FROM hub_connection")) == before
    # It has the ID from live, which links and orders refer to.
    assert copy_databases.query("SELECT DISTINCT source_id FROM orders_order") == copy_databases.query(
        "SELECT id FROM hub_connection"
    )


def test_a_connection_that_only_live_has_is_blank_and_paused(
    copy_databases: CopyDatabases, copied: Callable[[], Copy]
) -> None:
    copied()
    [(base_url, settings, credentials, token, secret, state, paused_at, read_only)] = copy_databases.query(
        f"SELECT {OWN} FROM hub_connection"
    )
    assert (base_url, settings, credentials, secret, state, read_only) == ("", {}, None, None, "new", True)
    assert paused_at is not None
    live_tokens = copy_databases.query("SELECT webhook_token FROM hub_connection", on=copy_databases.live)
    assert len(token) == len(live_tokens[0][0]) and (token,) not in live_tokens


def test_a_connection_that_only_staging_has_is_restored(
    copy_databases: CopyDatabases, copied: Callable[[], Copy]
) -> None:
    """So are its alert channels, instead of live's."""
    AlertChannel.objects.create(medium="email", address="live@hub.example", label="live")
    copy_databases.execute(
        "INSERT INTO hub_alertchannel (seller_id, medium, address, label, enabled) VALUES"
        " ((SELECT id FROM accounts_seller), 'email', '\\x0c', 'staging', true)"
    )
    add_connection(copy_databases, "test-oms", seller="acme", base_url="https://oms.staging.example")
    add_connection(copy_databases, "everybodys-search")
    before = bytes_of(copy_databases.query(f"SELECT slug, {OWN} FROM hub_connection ORDER BY slug"))
    copied()
    after = bytes_of(
        copy_databases.query(f"SELECT slug, {OWN} FROM hub_connection WHERE slug <> 'acme-shop' ORDER BY slug")
    )
    assert after == before
    channels = copy_databases.query(
        "SELECT c.label, c.address, s.slug FROM hub_alertchannel c JOIN accounts_seller s ON s.id = c.seller_id"
    )
    assert bytes_of(channels) == [("staging", b"\x0c", "acme")]
    assert copy_databases.query(
        "SELECT s.slug FROM hub_connection c JOIN accounts_seller s ON s.id = c.seller_id WHERE c.slug = 'test-oms'"
    ) == [("acme",)]


def test_a_connection_is_never_assigned_to_another_seller(
    copy_databases: CopyDatabases, copied: Callable[[], Copy]
) -> None:
    """If its seller no longer exists on live, it is skipped and reported, not assigned to the seller with that ID."""
    add_connection(copy_databases, "gone-shop", seller="acme")
    copy_databases.execute("UPDATE accounts_seller SET slug = 'gone'")
    report = copied().report
    assert copy_databases.query("SELECT slug FROM hub_connection") == [("acme-shop",)]
    [restored_connections] = [own for own in report["own_rows"] if own["table"] == "hub_connection"]
    assert "gone-shop" in restored_connections["left_out"][0]


def test_keys_of_systems_are_restored_and_keys_of_users_are_not(
    copy_databases: CopyDatabases, live: Live, copied: Callable[[], Copy]
) -> None:
    copy_databases.execute(
        "INSERT INTO accounts_user (id, email, password, name, is_active, is_staff, is_superuser, date_joined)"
        " VALUES (4000, 'tester@staging.example', '!', '', true, false, false, now())"
    )
    copy_databases.execute(
        "INSERT INTO accounts_apikey (seller_id, user_id, name, prefix, key_hash, scopes, created_at) SELECT s.id,"
        " owner, 'key', prefix, repeat('a', 64), '{}', now() FROM accounts_seller s,"
        " (VALUES ('sys', NULL::bigint), ('usr', 4000)) AS v (prefix, owner)"
    )
    copied()
    assert copy_databases.query("SELECT prefix, key_hash FROM accounts_apikey") == [("sys", "a" * 64)]


def test_accounts_created_on_staging_stay_and_the_shared_admin_needs_only_a_password(
    copy_databases: CopyDatabases,
    live: Live,
    copied: Callable[[], Copy],
    on_staging: Callable[[], None],
    settings: Any,
    client: Client,
) -> None:
    """Twice, since the second copy finds the rows that the first one restored. Live's accounts don't stay."""
    Membership.objects.create(user=live.user, seller=live.seller)
    copy_databases.execute(
        "INSERT INTO accounts_user (id, email, password, name, is_active, is_staff, is_superuser, date_joined,"
        " kept_on_staging) VALUES (4000, 'tester@staging.example', 'own', '', true, true, false, now(), true);"
        "INSERT INTO accounts_membership (user_id, seller_id, role, created_at)"
        " SELECT 4000, id, 'owner', now() FROM accounts_seller;"
        "INSERT INTO accounts_apikey (user_id, name, prefix, key_hash, scopes, created_at)"
        " VALUES (4000, 'key', 'usr', repeat('a', 64), '{}', now());"
        'INSERT INTO account_emailaddress (user_id, email, verified, "primary")'
        " VALUES (4000, 'tester@staging.example', true, true);"
        "INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (4000, 'totp', '{}', now())"
    )
    for _ in range(2):
        copied()
        assert copy_databases.query(
            "SELECT password, kept_on_staging, role, slug, prefix, address.email, type FROM accounts_user AS person"
            " JOIN accounts_membership AS member ON member.user_id = person.id"
            " JOIN accounts_seller AS seller ON seller.id = seller_id"
            " JOIN accounts_apikey AS key ON key.user_id = person.id"
            " JOIN account_emailaddress AS address ON address.user_id = person.id"
            " JOIN mfa_authenticator AS factor ON factor.user_id = person.id"
            " WHERE person.email = 'tester@staging.example'"
        ) == [("own", True, "owner", "acme", "usr", "tester@staging.example", "totp")]
        # The tester, the account copied from live, and the shared admin.
        assert copy_databases.query("SELECT count(*) FROM accounts_user") == [(3,)]
    on_staging()
    settings.ENVIRONMENT, settings.OPERATORS_NEED_SECOND_FACTOR = "staging", True
    sent = {"username": settings.STAGING_ADMIN_EMAIL, "password": settings.STAGING_ADMIN_PASSWORD, "next": "/admin/"}
    assert client.post("/login/", sent).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_an_endpoint_of_live_is_paused_on_staging(
    copy_databases: CopyDatabases, copied: Callable[[], Copy], on_staging: Callable[[], None]
) -> None:
    """N5: a connection with live's endpoint on staging is never called, not even for a connection test."""
    add_connection(copy_databases, "acme-shop", seller="acme", base_url="https://SHOP.live.example:443/api/")
    report = copied().report
    assert report["paused_because_like_live"] == ["acme-shop"]
    [(paused_at, reason, read_only)] = copy_databases.query(
        "SELECT paused_at, pause_reason, read_only FROM hub_connection"
    )
    assert paused_at is not None and "acme-shop of live" in reason and read_only
    on_staging()
    freeze.unfreeze(reason="checked")
    with pytest.raises(NeedsAttention, match="acme-shop of live"):
        check_connection(connection=Connection.objects.get())


STORE = "https://api.bigcommerce.com/stores/"
SITES = "https://app.sparklayer.io"


@pytest.mark.parametrize(
    ("live", "staging", "same"),
    [
        (("bigcommerce", f"{STORE}abc", {"page_size": 250}), ("bigcommerce", f"{STORE}abc/", {"page_size": 50}), True),
        (("bigcommerce", f"{STORE}abc", {}), ("bigcommerce", f"{STORE}def", {}), False),
        (("sparklayer", SITES, {"site_id": "a", "shop": "x"}), ("sparklayer", SITES, {"site_id": "a"}), True),
        (("sparklayer", SITES, {"site_id": "a"}), ("sparklayer", SITES, {"site_id": "b"}), False),
        (("rest", "http://erp.internal/a%2Db", {}), ("rest", "https://ERP.internal.:443/a-b", {}), True),
        (("rest", "http://erp.internal:81", {}), ("rest", "http://erp.internal:82", {}), False),
        (("rest", "https://müller.example", {}), ("rest", "https://xn--mller-kva.example", {}), True),
    ],
)
def test_which_endpoints_are_the_same(live: Any, staging: Any, same: bool) -> None:
    assert (freeze.endpoint_of(*live) == freeze.endpoint_of(*staging)) is same


def test_staging_sends_nothing_until_it_is_unfrozen(
    copy_databases: CopyDatabases, live: Live, copied: Callable[[], Copy], on_staging: Callable[[], None], settings: Any
) -> None:
    """N5: neither its lanes nor a connection test send anything."""
    settings.REMOTE_DEADLINE_SECONDS = 0.5
    add_connection(copy_databases, "acme-shop", seller="acme")
    copied()
    assert copy_databases.query("SELECT platform, reason FROM hub_platformswitch") == [("rest", freeze.REASON)]
    assert copy_databases.query("SELECT DISTINCT paused FROM hub_lane") == [(True,)]
    with socket.create_server(("127.0.0.1", 0)) as shop:
        connection = live.shop
        connection.base_url = f"http://127.0.0.1:{shop.getsockname()[1]}"
        on_staging()
        with pytest.raises(NeedsAttention, match="kill switch"):
            check_connection(connection=connection)
        assert select.select([shop], [], [], 0)[0] == []

        assert freeze.unfreeze(reason="checked") == ["rest"]
        with pytest.raises(TryAgainLater):
            check_connection(connection=connection)
        assert select.select([shop], [], [], 0)[0] == [shop]
    assert copy_databases.query("SELECT count(*) FROM hub_platformswitch") == [(0,)]
    assert copy_databases.query("SELECT DISTINCT paused FROM hub_lane") == [(False,)]
