"""Staging stays readable during a copy, is replaced in one step, and can be rolled back (N2)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings as django_settings

from staging_copy import services
from staging_copy.copying import journal, lane_pause, swap
from staging_copy.copying.stages import STAGES, CopyFailed
from staging_copy.models import Copy
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
# The longest time, in seconds, that a retrying client may wait for one answer.
TIMEOUT = 5.0


class Reader(threading.Thread):
    """A client that queries staging repeatedly, and reconnects when its connection is terminated."""

    def __init__(self, copy_databases: CopyDatabases, over: threading.Event) -> None:
        super().__init__()
        self.copy_databases = copy_databases
        self.over = over
        self.answers = 0
        self.failed: list[str] = []
        self.longest = 0.0

    def run(self) -> None:
        session = None
        while not self.over.wait(0.005):
            started = time.monotonic()
            while True:
                try:
                    session = session or self.copy_databases.staging.open()
                    with session.cursor() as cursor:
                        cursor.execute("SELECT count(*) FROM accounts_seller")
                        cursor.fetchone()
                    self.answers += 1
                    break
                except psycopg2.OperationalError as error:
                    session = None
                    if time.monotonic() - started > TIMEOUT:
                        self.failed.append(str(error))
                        break
                except psycopg2.Error as error:
                    self.failed.append(str(error))
                    break
            self.longest = max(self.longest, time.monotonic() - started)


def test_sixteen_clients_can_read_staging_during_a_copy(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    over = threading.Event()
    readers = [Reader(copy_databases, over) for _ in range(16)]
    for reader in readers:
        reader.start()
    done = copy()
    over.set()
    for reader in readers:
        reader.join()
    assert [reader.failed for reader in readers] == [[]] * 16
    assert all(reader.answers > 10 for reader in readers)
    assert done.report["swap_seconds"] <= 1.0


def test_a_rollback_restores_the_previous_database_and_can_be_undone(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    copy_databases.execute("CREATE TABLE mark (id int)")
    copy_databases.execute(
        "INSERT INTO accounts_user (email, password, name, is_active, is_staff, is_superuser, date_joined)"
        " VALUES ('tester@staging.example', '!', '', true, false, false, now())"
    )
    done = copy()
    assert copy_databases.query("SELECT to_regclass('mark')") == [(None,)]
    assert services.rollback(copy=done, by=None) <= 1.0
    assert done.state == Copy.State.ROLLED_BACK
    assert copy_databases.query("SELECT count(*) FROM mark, accounts_user") == [(0,)]
    assert copy_databases.query("SELECT email FROM accounts_user") == [("tester@staging.example",)]
    services.rollback(copy=done, by=None)
    assert done.state == Copy.State.DONE
    assert copy_databases.query("SELECT count(*) FROM orders_order") == [(1,)]


def test_only_the_latest_previous_database_is_kept(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    name = copy_databases.staging.name
    first = copy()
    second = services.run_copy(copy=services.start_copy(by=None))
    assert copy_databases.names() == {name, f"{name}_previous"}
    with pytest.raises(ValueError, match="Only the latest copy"):
        services.rollback(copy=first, by=None)
    assert services.rollback(copy=second, by=None) <= 1.0


def test_privileges_and_settings_of_staging_are_kept(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    copy_databases.execute("CREATE ROLE reporting")
    try:
        copy_databases.execute("GRANT SELECT ON orders_order TO reporting")
        copy_databases.execute(f"ALTER DATABASE \"{copy_databases.staging.name}\" SET work_mem TO '7MB'")
        copy_databases.execute(f'REVOKE CONNECT ON DATABASE "{copy_databases.staging.name}" FROM PUBLIC')
        copy_databases.execute(f'GRANT CONNECT ON DATABASE "{copy_databases.staging.name}" TO reporting')
        copy()
        assert copy_databases.query(
            "SELECT has_table_privilege('reporting', 'orders_order', 'SELECT'),"
            " has_table_privilege('reporting', 'orders_customer', 'SELECT'),"
            " has_database_privilege('reporting', current_database(), 'CONNECT'), current_setting('work_mem')"
        ) == [(True, False, True, "7MB")]
        assert "=Tc/" not in str(
            copy_databases.query("SELECT datacl FROM pg_database WHERE datname = current_database()")
        )
    finally:
        copies = [name for name in copy_databases.names() if name.startswith(copy_databases.staging.name)]
        for name in copies:
            copy_databases.execute("DROP OWNED BY reporting", on=copy_databases.live.named(name))
        copy_databases.execute("DROP ROLE reporting", on=copy_databases.live)


def test_workers_of_staging_write_nothing_while_it_is_replaced(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """N6: their epochs are outdated, and stay so after a failure and in the previous database."""
    copy()
    copy_databases.execute("UPDATE hub_lane SET paused = false, epoch = 5, leased_by = 'worker', lease_until = now()")
    seen: list[Any] = []

    def fail(*args: Any) -> None:
        seen.extend(copy_databases.query("SELECT paused, epoch, leased_by FROM hub_lane"))
        raise psycopg2.OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr("staging_copy.copying.gates.check_constraints", fail)
        with pytest.raises(CopyFailed):
            services.run_copy(copy=services.start_copy(by=None))
    assert seen == [(True, 6, "")]
    assert copy_databases.query("SELECT paused, epoch FROM hub_lane") == [(False, 6)]
    services.run_copy(copy=services.start_copy(by=None))
    assert copy_databases.query(
        "SELECT paused FROM hub_lane", on=copy_databases.staging.named(swap.previous_name(copy_databases.staging))
    ) == [(False,)]


def test_a_server_that_is_gone_is_cleaned_up_when_it_is_back(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be undone while the server is down; staging's lanes must not stay paused."""
    copy()
    copy_databases.execute("UPDATE hub_lane SET paused = false")

    def fail(*args: Any) -> None:
        raise psycopg2.OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr("staging_copy.copying.gates.check_constraints", fail)
        patch.setattr("staging_copy.copying.copier.undo", fail)
        with pytest.raises(psycopg2.OperationalError):
            services.run_copy(copy=services.start_copy(by=None))
    assert copy_databases.query("SELECT paused FROM hub_lane") == [(True,)]
    services.run_due_copies()
    failed = Copy.objects.latest("pk")
    assert failed.state == Copy.State.FAILED and failed.problem.endswith("Staging is unchanged. gone")
    assert copy_databases.query("SELECT paused FROM hub_lane") == [(False,)]
    assert swap.next_name(copy_databases.staging) not in copy_databases.names()


def test_a_connection_that_is_lost_after_the_renames_completes_the_copy(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = swap.swap

    def rename_and_fail(*args: Any) -> None:
        rename(*args)
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(swap, "swap", rename_and_fail)
    done = copy()
    assert done.state == Copy.State.DONE and done.report["swap_seconds"] >= 0
    assert copy_databases.query("SELECT count(*) FROM orders_order") == [(1,)]


def test_a_forgotten_transaction_on_staging_does_not_stop_a_copy(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_pause, "_LOCK_TIMEOUT", "100ms")
    copy()
    copy_databases.execute("UPDATE hub_lane SET paused = false")
    with copy_databases.staging.connect() as session, session.cursor() as cursor:
        cursor.execute("SELECT FROM hub_lane FOR UPDATE")
        assert services.run_copy(copy=services.start_copy(by=None)).state == Copy.State.DONE


@pytest.mark.parametrize("stage", STAGES)
def test_a_copy_killed_at_any_stage_leaves_staging_intact_and_the_next_copy_cleans_up(
    copy_databases: CopyDatabases, live: Live, stage: str, copy: Callable[[], Copy]
) -> None:
    copy_databases.execute("CREATE TABLE mark (id int)")
    services.take_backup()
    copier_process = _start_copier(copy_databases)
    journals = Path(django_settings.STAGING_COPY_JOURNAL_DIR)
    _wait_for_stage(copier_process, journals, stage)
    os.killpg(copier_process.pid, signal.SIGKILL)
    copier_process.wait()
    # The swap happened completely or not at all.
    swapped = copy_databases.query("SELECT to_regclass('mark')") == [(None,)]
    assert not swapped or stage == "swap"
    assert copy_databases.query("SELECT count(*) FROM orders_order") == [(int(swapped),)]

    done = services.run_copy(copy=services.start_copy(by=None))
    assert done.state == Copy.State.DONE
    assert not journal.unfinished(journals)
    assert copy_databases.names() == {copy_databases.staging.name, swap.previous_name(copy_databases.staging)}
    killed = Copy.objects.exclude(pk=done.pk).get()
    assert killed.state == (Copy.State.DONE if swapped else Copy.State.FAILED)
    assert swapped or "killed" in killed.problem


def _start_copier(copy_databases: CopyDatabases) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "copy_to_staging"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": copy_databases.live.url,
            "STAGING_DATABASE_URL": copy_databases.staging.url,
            "STAGING_ADMIN_PASSWORD": django_settings.STAGING_ADMIN_PASSWORD,
            "BACKUP_DIR": str(django_settings.BACKUP_DIR),
            "STAGING_COPY_JOURNAL_DIR": str(django_settings.STAGING_COPY_JOURNAL_DIR),
        },
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_for_stage(process: "subprocess.Popen[bytes]", journals: Path, stage: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in journals.glob("*/journal.jsonl"):
            if f'"stage": "{stage}"' in path.read_text():
                return
        assert process.poll() is None, "The copier exited before that stage."
        threading.Event().wait(0.002)
    pytest.fail(f"The copier never reached the stage {stage}.")
