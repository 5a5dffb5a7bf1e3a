"""Archives are read completely, and damaged ones are never copied."""

import gzip
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from staging_copy import services
from staging_copy.backup import backups
from staging_copy.backup.archive import Archive, ArchiveError
from staging_copy.copying import swap
from staging_copy.copying.preflight import PreflightFailed
from staging_copy.models import Backup, Copy
from staging_copy.postgres import Database, run
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system


@pytest.fixture
def backup(copy_databases: CopyDatabases, live: Live) -> Backup:
    return services.take_backup()


def folder(backup: Backup) -> Path:
    return Path(settings.BACKUP_DIR) / backup.name


def file_of(backup: Backup, table: str) -> Path:
    return next(each.file for each in Archive.open(folder(backup)).tables if each.name == table)


def test_a_manifest_describes_its_backup(backup: Backup) -> None:
    manifest = backups.read(Path(settings.BACKUP_DIR), backup.name)
    assert backup.state == Backup.State.GOOD and backup.rows == sum(manifest.rows.values())
    assert manifest.rows["orders_order"] == manifest.rows["orders_shipment"] == 1
    assert "accounts.0001_initial" in manifest.migrations
    assert set(manifest.checksums) == {path.name for path in folder(backup).iterdir()}
    assert services.verify_backup(backup=backup).state == Backup.State.GOOD


def test_every_row_format_is_read_or_rejected(copy_databases: CopyDatabases, live: Live, tmp_path: Path) -> None:
    packed = Archive.open(_dump(copy_databases.live, tmp_path / "packed"))
    plain = Archive.open(_dump(copy_databases.live, tmp_path / "plain", "--compress=0"))
    whole = {table.name: b"".join(packed.rows(table)) for table in packed.tables}
    assert {table.name: b"".join(plain.rows(table, block=64)) for table in plain.tables} == whole
    assert whole["orders_order"].count(b"\n") == 1
    with pytest.raises(ArchiveError, match="--inserts"):
        _ = Archive.open(_dump(copy_databases.live, tmp_path / "inserts", "--inserts")).tables
    with pytest.raises(ArchiveError, match="not an archive"):
        Archive.open(tmp_path)


def _dump(database: Database, path: Path, *options: str) -> Path:
    run("pg_dump", ["--format=directory", f"--file={path}", f"--dbname={database.dsn}", *options], {})
    return path


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def cut_rows(path: Path) -> None:
    """A valid gzip file with rows missing at the end."""
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).partition(b"\n")[0] + b"\n"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [truncate, cut_rows, flip, Path.unlink])
def test_a_damaged_file_is_found_and_nothing_is_copied(
    copy_databases: CopyDatabases, backup: Backup, damage: Callable[[Path], None]
) -> None:
    damage(file_of(backup, "orders_order"))
    with pytest.raises(PreflightFailed, match="orders_order|differ from the manifest"):
        services.start_copy(by=None)
    with pytest.raises(ArchiveError):
        services.verify_backup(backup=backup)
    backup.refresh_from_db()
    assert backup.state == Backup.State.DAMAGED and backup.problem
    assert copy_databases.names() == {copy_databases.staging.name}


@pytest.mark.parametrize("damage", [truncate, cut_rows, flip])
def test_damage_is_found_when_reading_rows_even_if_checksums_match(
    copy_databases: CopyDatabases, backup: Backup, damage: Callable[[Path], None]
) -> None:
    """An imported archive may have been damaged before its checksums were computed."""
    damage(file_of(backup, "orders_order"))
    with pytest.raises(ArchiveError):
        services.register_backup(folder=folder(backup), taken_at=timezone.now(), by=None)


@pytest.mark.parametrize("length", [0, 4, 11, 300])
def test_a_damaged_table_of_contents_is_named(backup: Backup, length: int) -> None:
    toc = folder(backup) / "toc.dat"
    toc.write_bytes(toc.read_bytes()[:length])
    with pytest.raises(ArchiveError, match=r"toc\.dat"):
        Archive.open(folder(backup))


def test_an_imported_archive_can_be_copied(copy_databases: CopyDatabases, live: Live, tmp_path: Path) -> None:
    archive = _dump(copy_databases.live, tmp_path / "elsewhere", "--compress=0")
    backup = services.register_backup(folder=archive, taken_at=timezone.now(), by=None)
    shutil.rmtree(archive)
    copy = services.run_copy(copy=services.start_copy(backup=backup, by=None))
    assert copy.state == Copy.State.DONE
    assert copy_databases.query("SELECT count(*) FROM orders_order") == [(1,)]


def test_old_backups_are_deleted_except_the_latest(backup: Backup) -> None:
    services.take_backup(now=timezone.now() - timedelta(days=40))
    assert len(services.prune_backups(now=timezone.now())) == 1
    assert services.prune_backups(now=timezone.now() + timedelta(days=400)) == []
    assert Backup.objects.get(state=Backup.State.GOOD) == backup
    assert folder(backup).is_dir()


@pytest.fixture
def live_restored(copy_databases: CopyDatabases) -> Iterator[None]:
    """Puts the original test database back after the test."""
    [(before,)] = copy_databases.query(
        "SELECT oid FROM pg_database WHERE datname = current_database()", on=copy_databases.live
    )
    yield
    connection.close()
    previous = swap.previous_name(copy_databases.live)
    if swap.databases(copy_databases.live, [copy_databases.live.name])[copy_databases.live.name] != before:
        swap.rollback(copy_databases.live)
    swap.drop(copy_databases.live, previous)


def restore_live(backup: str, copy_databases: CopyDatabases) -> None:
    try:
        call_command("restore_live", backup, "--replace", copy_databases.live.name, stdout=StringIO())
    finally:
        # The swap terminated our connection along with all others.
        connection.close()


def test_live_is_restored_completely_and_the_previous_database_is_kept(
    copy_databases: CopyDatabases, backup: Backup, live_restored: None
) -> None:
    """The runbook in docs/backups.md."""
    emails = "SELECT email FROM orders_customer"
    copy_databases.execute("UPDATE orders_customer SET email = 'a mistake'", on=copy_databases.live)
    restore_live(backup.name, copy_databases)
    assert copy_databases.query(emails, on=copy_databases.live) == [("ALICE@acme.example",)]
    kept = copy_databases.live.named(swap.previous_name(copy_databases.live))
    assert copy_databases.query(emails, on=kept) == [("a mistake",)]
    # A second restore would overwrite the kept database.
    with pytest.raises(CommandError, match=f"Live was not replaced.*{kept.name}"):
        restore_live(backup.name, copy_databases)
    assert copy_databases.query(emails, on=kept) == [("a mistake",)]


def test_live_is_replaced_only_by_exact_name_and_an_undamaged_backup(
    copy_databases: CopyDatabases, backup: Backup
) -> None:
    def is_unchanged() -> bool:
        found = copy_databases.query("SELECT datname FROM pg_database", on=copy_databases.live)
        ours = {name for (name,) in found if name.startswith(copy_databases.live.name)}
        return ours == {copy_databases.live.name, copy_databases.staging.name}

    with pytest.raises(CommandError, match=f"is {copy_databases.live.name}, not {copy_databases.staging.name}"):
        call_command("restore_live", backup.name, "--replace", copy_databases.staging.name)
    with pytest.raises(CommandError, match="Backup not found"):
        call_command("restore_live", "live-19700101", "--replace", copy_databases.live.name)
    assert is_unchanged()
    flip(file_of(backup, "orders_order"))
    with pytest.raises(CommandError, match="Live was not replaced"):
        call_command("restore_live", backup.name, "--replace", copy_databases.live.name)
    assert is_unchanged()
