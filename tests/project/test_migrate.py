"""`manage.py migrate` waits for the database, and for another machine's migrations (O2)."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from staging_copy.postgres import Database
from synccenter.management.commands import migrate


@pytest.mark.django_db(transaction=True)
def test_only_one_migrates_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start waits without an open transaction, which would stop indexes from being built."""
    monkeypatch.setattr(migrate, "INTERVAL", 0.05)
    other = Database.from_url(migrate_url())
    with other.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('synccenter.migrate'))")
        output = StringIO()
        waiting = threading.Thread(target=migrate_and_close, args=(output,))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive() and output.getvalue() == ""
        cursor.execute("SELECT pg_advisory_unlock(hashtext('synccenter.migrate'))")
        waiting.join(20)
        assert "No migrations to apply" in output.getvalue()
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_it_waits_for_a_database_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "INTERVAL", 0.01)
    failures = [OperationalError("the database system is starting up")] * 3

    def connect() -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(connection, "ensure_connection", connect)
    with pytest.raises(CommandError, match="The database does not accept us: the database system is starting up"):
        call_command("migrate", verbosity=0)
    call_command("migrate", wait=30, verbosity=0)
    assert failures == []


def migrate_url() -> str:
    settings: dict[str, Any] = connection.settings_dict
    return f"host={settings['HOST']} port={settings['PORT'] or 5432} user={settings['USER']} dbname={settings['NAME']}"


def migrate_and_close(output: StringIO) -> None:
    try:
        call_command("migrate", stdout=output)
    finally:
        connection.close()
