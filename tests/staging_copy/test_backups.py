"""Backups leave nothing behind when they fail or are killed, and only their owner can read them."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from staging_copy import services
from staging_copy.backup import backups
from staging_copy.backup.archive import ArchiveError
from staging_copy.models import Backup
from staging_copy.postgres import Database, ProgramFailed
from staging_copy.tasks import back_up, run_due_copies
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(copy_databases: CopyDatabases, live: Live, settings: Any) -> Path:
    return Path(settings.BACKUP_DIR)


def test_an_error_of_a_restore_tells_no_values(home: Path, copy_databases: CopyDatabases) -> None:
    """It is stored, and sent to alert channels. PostgreSQL's message has the whole row."""
    name = copy_databases.live.name
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE FUNCTION is_live(text) RETURNS bool RETURN current_database() = '{name}'")
            cursor.execute("ALTER TABLE orders_customer ADD CONSTRAINT only_live CHECK (is_live(email))")
        services.take_backup()
        connection.close()
        with pytest.raises(ProgramFailed, match="orders_customer.*only_live") as failed:
            services.rehearse_restore()
        assert not re.search("alice|archer", str(failed.value), re.IGNORECASE)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_customer DROP CONSTRAINT only_live")
            cursor.execute("DROP FUNCTION is_live")


def test_a_failed_dump_leaves_no_files(home: Path, copy_databases: CopyDatabases) -> None:
    """Rows that row-level security hides are found before the dump, a missing privilege during it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_order ENABLE ROW LEVEL SECURITY")
            cursor.execute("CREATE ROLE reader LOGIN")
            cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
            cursor.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO reader")
        reader = Database.from_url(f"{copy_databases.live.dsn} user=reader")
        statement = 'orders_order .*ALTER ROLE "reader" BYPASSRLS'
        with pytest.raises(ArchiveError, match=statement), backups.lock(home):
            backups.take(reader, home, name="failed", origin="manual", now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("ALTER ROLE reader BYPASSRLS")
            cursor.execute("REVOKE SELECT ON orders_order FROM reader")
        with pytest.raises(ProgramFailed, match="permission denied"), backups.lock(home):
            backups.take(reader, home, name="failed", origin="manual", now=timezone.now())
        assert {path.name for path in home.iterdir()} == {".lock"}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_order DISABLE ROW LEVEL SECURITY")
            cursor.execute("DROP OWNED BY reader")
            cursor.execute("DROP ROLE reader")


@pytest.mark.parametrize("late", [False, True], ids=["during the dump", "before the manifest"])
def test_a_killed_backup_is_recorded_as_failed_and_its_files_are_deleted(home: Path, late: bool) -> None:
    """The lock of the process that was killed is gone, so the copier's next look cleans up."""
    backup = Backup.objects.create(name="live-killed", origin=Backup.Origin.NIGHTLY, taken_at=timezone.now())
    folder = home / ("live-killed" if late else "live-killed.unfinished")
    folder.mkdir(parents=True)
    (folder / "toc.dat").write_bytes(b"PGDMP")
    run_due_copies()
    backup.refresh_from_db()
    assert backup.state == Backup.State.FAILED and "killed" in backup.problem and backup.finished_at
    assert not folder.exists()


def test_a_backup_killed_after_its_manifest_is_good(home: Path) -> None:
    done = services.take_backup()
    Backup.objects.filter(pk=done.pk).update(state=Backup.State.RUNNING, checksum="")
    run_due_copies()
    killed = Backup.objects.get(pk=done.pk)
    assert killed.state == Backup.State.GOOD and killed.checksum == done.checksum


def test_backups_that_only_the_disk_knows_are_listed(home: Path) -> None:
    """After a restore of live, or its loss, the database lacks the rows of later backups."""
    done = services.take_backup(origin=Backup.Origin.NIGHTLY)
    Backup.objects.all().delete()
    (home / "broken.json").write_text("{")
    listed = io.StringIO()
    call_command("backup_live", "--list", stdout=listed)
    known = Backup.objects.get()
    assert done.name in listed.getvalue()
    assert (known.state, known.origin, known.taken_at) == (Backup.State.GOOD, Backup.Origin.NIGHTLY, done.taken_at)


def test_a_full_disk_does_not_keep_old_backups_from_being_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fail(**_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(services, "take_backup", fail)
    for step in ("store_backups", "prune_backups", "prune_storage"):
        monkeypatch.setattr(services, step, lambda step=step: done.append(step))
    with pytest.raises(OSError, match="No space left"):
        back_up()
    assert done == ["store_backups", "prune_backups", "prune_storage"]


def test_a_running_backup_is_left_alone_and_excludes_another(home: Path, copy_databases: CopyDatabases) -> None:
    """Its process holds the lock while pg_dump waits for a table that somebody has locked."""
    with copy_databases.live.connect() as session, session.cursor() as cursor:
        cursor.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(
            [sys.executable, "manage.py", "backup_live"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": copy_databases.live.url, "BACKUP_DIR": str(home)},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not list(home.glob("*.unfinished")) and time.monotonic() < deadline:
            assert process.poll() is None
            threading.Event().wait(0.05)
        with pytest.raises(backups.BackupRunning):
            services.take_backup()
        run_due_copies()
        assert Backup.objects.get().state == Backup.State.RUNNING and list(home.glob("*.unfinished"))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    run_due_copies()
    assert Backup.objects.get().state == Backup.State.FAILED and not list(home.glob("*.unfinished"))


def test_only_the_owner_can_read_backups_and_journals(home: Path, settings: Any) -> None:
    old = os.umask(0o022)
    try:
        services.take_backup()
        copy = services.run_copy(copy=services.start_copy(by=None))
    finally:
        os.umask(old)
    journals = Path(settings.STAGING_COPY_JOURNAL_DIR)
    found = [home, *home.rglob("*"), journals / copy.journal, *(journals / copy.journal).rglob("*")]
    assert {oct(path.stat().st_mode & 0o777) for path in found if path.is_dir()} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in found if path.is_file()} == {"0o600"}
    # Earlier versions wrote manifests that everybody could read.
    manifest = next(home.glob("*.json"))
    manifest.chmod(0o644)
    services.prune_backups()
    assert manifest.stat().st_mode & 0o777 == 0o600 and json.loads(manifest.read_text())
