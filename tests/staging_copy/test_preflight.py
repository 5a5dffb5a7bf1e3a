"""Any problem stops the copy with a message that names it, and staging stays unchanged (N3, N4)."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from catalog.policy import POLICY as catalog_policy
from staging_copy import services
from staging_copy.copying import build, journal, swap, target
from staging_copy.copying.config import Config, exclusive_lock
from staging_copy.copying.preflight import PreflightFailed
from staging_copy.copying.stages import CopyFailed
from staging_copy.models import Copy, DryRun
from staging_copy.tasks import run_due_copies
from tests.factories import make_user
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system


@pytest.fixture
def staging_unchanged(copy_databases: CopyDatabases) -> Iterator[None]:
    """Asserts after the test that staging is the same database as before and that no other databases are left."""
    copy_databases.execute("CREATE TABLE mark (id int)")
    before = copy_databases.query("SELECT oid FROM pg_database WHERE datname = current_database()")
    yield
    assert copy_databases.query("SELECT oid FROM pg_database WHERE datname = current_database()") == before
    assert copy_databases.query("SELECT count(*) FROM mark") == [(0,)]
    assert copy_databases.names() == {copy_databases.staging.name}
    assert not journal.unfinished(Path(django_settings.STAGING_COPY_JOURNAL_DIR))


def on_live(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def temporary_schema_change() -> Iterator[Callable[[str, str], None]]:
    """`temporary_schema_change(do, undo)`: changes live's schema until the end of the test."""
    undos: list[str] = []

    def change(do: str, undo: str) -> None:
        on_live(do)
        undos.append(undo)

    yield change
    for undo in reversed(undos):
        on_live(undo)


@pytest.mark.parametrize(
    ("do", "undo", "named"),
    [
        ("ALTER TABLE orders_customer ADD fax text", "ALTER TABLE orders_customer DROP fax", "orders_customer.fax"),
        ("CREATE TABLE surprise (id int)", "DROP TABLE surprise", "surprise"),
        ("SELECT lo_create(777)", "SELECT lo_unlink(777)", "large object"),
    ],
)
def test_tables_and_columns_without_a_rule_are_rejected_by_name(
    copy_databases: CopyDatabases,
    live: Live,
    staging_unchanged: None,
    temporary_schema_change: Any,
    do: str,
    undo: str,
    named: str,
) -> None:
    temporary_schema_change(do, undo)
    services.take_backup()
    with pytest.raises(PreflightFailed, match=named):
        services.start_copy(by=None)
    assert not Copy.objects.exists()


def test_a_column_of_a_type_without_a_rule_is_rejected_by_name(
    copy_databases: CopyDatabases,
    live: Live,
    staging_unchanged: None,
    temporary_schema_change: Any,
    copy: Callable[[], Copy],
) -> None:
    temporary_schema_change(
        "ALTER TABLE catalog_product ALTER slug TYPE tsvector USING slug::tsvector",
        "ALTER TABLE catalog_product ALTER slug TYPE varchar(300) USING slug::text",
    )
    with pytest.raises(CopyFailed, match=r"catalog_product\.slug.*tsvector") as failed:
        copy()
    assert failed.value.stage == "schema"
    assert Copy.objects.get().state == Copy.State.FAILED


def test_a_json_path_without_a_rule_is_rejected_by_name(
    copy_databases: CopyDatabases,
    live: Live,
    staging_unchanged: None,
    copy: Callable[[], Copy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(catalog_policy["catalog_variant"], "options", [{"name": "keep", "value": "keep"}])
    live.product.variants.update(options=[{"name": "Size", "value": "M", "cut_for": "Alice"}])
    with pytest.raises(CopyFailed, match=r"catalog_variant\.options\[\]\.cut_for: there is no masking rule") as failed:
        copy()
    assert failed.value.stage == "rows"
    assert "Alice" not in str(failed.value)


def test_a_kept_column_with_an_address_in_it_stops_the_copy(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None, copy: Callable[[], Copy]
) -> None:
    """The leak check finds an address in a column with the rule `keep`."""
    live.seller.time_zone = "carol@canary.example"
    live.seller.save()
    with pytest.raises(CopyFailed, match=r"accounts_seller\.time_zone") as failed:
        copy()
    assert "carol" not in str(failed.value)
    # Nor was the text of the error sent to the server, which logs it.
    assert "read()" not in str(failed.value)


def test_an_allowed_address_is_kept(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], settings: Any
) -> None:
    settings.STAGING_COPY_ALLOWED_ADDRESSES = ["Help@vendor.example"]
    live.seller.time_zone = "help@vendor.example"
    live.seller.save()
    assert copy().state == Copy.State.DONE


def test_a_backup_that_is_too_old_or_missing_is_rejected(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None
) -> None:
    with pytest.raises(PreflightFailed, match="no verified backup"):
        services.start_copy(by=None)
    services.take_backup(now=timezone.now() - timedelta(days=5))
    with pytest.raises(PreflightFailed, match="more than 48 hours ago"):
        services.start_copy(by=None)


def test_a_backup_newer_than_the_code_is_rejected(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None, temporary_schema_change: Any
) -> None:
    temporary_schema_change(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '9999_from_the_future', now())",
        "DELETE FROM django_migrations WHERE name = '9999_from_the_future'",
    )
    services.take_backup()
    with pytest.raises(PreflightFailed, match="9999_from_the_future"):
        services.start_copy(by=None)


def test_a_newer_staging_is_not_taken_back_to_an_older_schema(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy]
) -> None:
    copy_databases.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('hub', '9999_newer', now())")
    with pytest.raises(PreflightFailed, match=r"newer release than live.*hub\.9999_newer.*Upgrade live"):
        copy()
    assert copy_databases.names() == {copy_databases.staging.name}


def test_a_backup_older_than_the_code_is_migrated(copy_databases: CopyDatabases, live: Live, tmp_path: Path) -> None:
    """Staging runs this code, so its database needs all migrations of this code."""
    old = copy_databases.live.named(f"{copy_databases.staging.name}_old")
    connection.close()
    with copy_databases.live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{old.name}" TEMPLATE "{copy_databases.live.name}"')
    try:
        for (table,) in copy_databases.query(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'staging_copy_%%'", on=old
        ):
            copy_databases.execute(f"DROP TABLE {table} CASCADE", on=old)
        copy_databases.execute("DELETE FROM django_migrations WHERE app = 'staging_copy'", on=old)
        old.run("pg_dump", "--format=directory", f"--file={tmp_path / 'old'}")
    finally:
        swap.drop(copy_databases.staging, old.name)
    backup = services.register_backup(folder=tmp_path / "old", taken_at=timezone.now(), by=None)
    services.run_copy(copy=services.start_copy(backup=backup, by=None))
    assert copy_databases.query("SELECT count(*) FROM staging_copy_copy") == [(0,)]
    assert copy_databases.query("SELECT count(*) FROM orders_order") == [(1,)]


def test_live_is_never_the_target_even_under_another_address(
    copy_databases: CopyDatabases, live: Live, settings: Any
) -> None:
    """The URL differs, but the database is the same."""
    services.take_backup()
    settings.STAGING_DATABASE_URL = f"{copy_databases.live.url}&application_name=staging"
    with pytest.raises(PreflightFailed, match="is the live database"):
        services.start_copy(by=None)
    with pytest.raises(target.WrongTarget, match="is the live database"):
        services.register_staging(by=None)


def test_live_is_not_dropped_if_it_has_the_name_of_a_side_database(
    copy_databases: CopyDatabases, live: Live, settings: Any
) -> None:
    services.take_backup()
    real = copy_databases.live
    name = f"{real.name}_next"
    connection.close()
    with real.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{real.name}" RENAME TO "{name}"')
    try:
        with pytest.raises(target.WrongTarget, match="is the live database"):
            target.register(real, real.named(name), Path(settings.STAGING_COPY_JOURNAL_DIR), now=timezone.now())
    finally:
        with real.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" RENAME TO "{real.name}"')


def test_a_rejected_copy_drops_nothing(copy_databases: CopyDatabases, live: Live) -> None:
    """On a server that was not checked, a database with the name of a side database may belong to someone else."""
    services.take_backup()
    planned = services.start_copy(by=None)
    (Path(django_settings.STAGING_COPY_JOURNAL_DIR) / "target.json").unlink()
    side = swap.next_name(copy_databases.staging)
    with copy_databases.live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{side}"')
    with pytest.raises(CopyFailed, match="register_staging"):
        services.run_copy(copy=planned)
    assert side in copy_databases.names()


def test_an_unregistered_database_is_not_replaced(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None
) -> None:
    services.take_backup()
    (Path(django_settings.STAGING_COPY_JOURNAL_DIR) / "target.json").unlink()
    with pytest.raises(PreflightFailed, match="register_staging"):
        services.start_copy(by=None)


def test_nothing_is_copied_from_staging(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None, settings: Any
) -> None:
    services.take_backup()
    settings.ENVIRONMENT = "staging"
    with pytest.raises(PreflightFailed, match="Copies are started on live"):
        services.start_copy(by=None)


def test_a_disk_shortage_is_found_before_anything_is_written(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None
) -> None:
    backup = services.take_backup()
    manifest = Path(django_settings.BACKUP_DIR) / f"{backup.name}.json"
    # An exabyte: more than any disk has.
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"database_size": 2**60}))
    with pytest.raises(PreflightFailed, match="GiB free"):
        services.start_copy(by=None)


@pytest.fixture
def limit_file_size() -> Iterator[Callable[[int], None]]:
    """`limit_file_size(size)`: from now on, PostgreSQL's processes cannot write larger files.

    Without privileges this is the closest that a test can get to a full disk: the same write fails in the same place.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int")
        [postmaster] = cursor.fetchone()
    account = Path(f"/proc/{postmaster}").stat()

    def limit(size: int | str) -> None:
        # prlimit works only on processes of the same account, and root's PostgreSQL runs under another one.
        subprocess.run(
            ["prlimit", f"--pid={postmaster}", f"--fsize={size}:"],
            **{"user": account.st_uid, "group": account.st_gid, "check": True},
        )

    yield limit
    limit("unlimited")


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit exists only on Linux")
def test_a_disk_that_fills_up_during_the_copy_leaves_staging_unchanged(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None, limit_file_size: Callable[[int], None]
) -> None:
    on_live(
        "INSERT INTO catalog_product (seller_id, title, slug, description, product_type, attributes, status, revision,"
        " created_at, updated_at) SELECT seller_id, title, slug, repeat('It is made of the best. ', 60), product_type,"
        " attributes, status, revision, created_at, updated_at FROM catalog_product, generate_series(1, 15000)"
    )
    services.take_backup()
    planned = services.start_copy(by=None)
    # More than a WAL segment (16 MiB), less than the table.
    limit_file_size(17 * 2**20)
    with pytest.raises(CopyFailed, match=r"catalog_product: could not .*(File too large|No space left)") as failed:
        services.run_copy(copy=planned)
    assert failed.value.stage == "rows"


def test_a_killed_loader_is_reported_as_the_reason(
    copy_databases: CopyDatabases,
    live: Live,
    staging_unchanged: None,
    copy: Callable[[], Copy],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = build._start_loader

    def start_and_kill() -> "subprocess.Popen[str]":
        loader = start()
        loader.kill()
        loader.wait()
        return loader

    monkeypatch.setattr(build, "_start_loader", start_and_kill)
    with pytest.raises(CopyFailed, match="A loader was killed"):
        copy()


def test_a_second_copy_at_the_same_time_is_rejected(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None
) -> None:
    services.take_backup()
    planned = services.start_copy(by=None)
    with exclusive_lock(Config.from_settings()), pytest.raises(journal.AlreadyRunning):
        services.run_copy(copy=planned)
    planned.refresh_from_db()
    assert planned.state == Copy.State.PLANNED
    # Of the command, nothing is left that the copier would run later.
    for arguments in ([], ["--dry-run"]):
        with exclusive_lock(Config.from_settings()), pytest.raises(CommandError, match="Another copy is running"):
            call_command("copy_to_staging", *arguments)
    assert Copy.objects.exclude(pk=planned.pk).get().state == Copy.State.CANCELLED
    assert DryRun.objects.get().state == DryRun.State.CANCELLED


def test_a_dry_run_shows_tables_rules_rows_and_time_and_changes_nothing(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None
) -> None:
    services.take_backup()
    out = StringIO()
    call_command("copy_to_staging", "--dry-run", stdout=out)
    lines = out.getvalue().splitlines()
    [orders] = [line for line in lines if line.startswith("orders_order ")]
    assert "1 rows" in orders and "ip_address: mask:ip" in orders
    [sessions] = [line for line in lines if line.startswith("django_session")]
    assert "emptied" in sessions
    assert "Nothing was changed" in lines[-1]
    assert DryRun.objects.get().state == DryRun.State.PASSED and not Copy.objects.exists()


def test_a_dry_run_fails_where_and_as_the_copy_would(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None
) -> None:
    """An address in a kept column is found in the rows only."""
    live.seller.time_zone = "alice@acme.example"
    live.seller.save()
    services.take_backup()
    dry_run, planned = services.start_dry_run(by=None), services.start_copy(by=None)
    run_due_copies()
    dry_run.refresh_from_db()
    planned.refresh_from_db()
    assert (dry_run.state, planned.state) == (DryRun.State.FAILED, Copy.State.FAILED)
    assert dry_run.problem == planned.problem and "accounts_seller.time_zone" in planned.problem


def test_a_dry_run_can_be_canceled(
    copy_databases: CopyDatabases, live: Live, staging_unchanged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = make_user()
    services.take_backup()
    dry_run = services.start_dry_run(by=by)
    monkeypatch.setattr(
        "staging_copy.copying.build.restore_schema",
        lambda *arguments: services.cancel_dry_run(dry_run=dry_run, by=by),
    )
    run_due_copies()
    dry_run.refresh_from_db()
    assert (dry_run.state, dry_run.problem) == (DryRun.State.CANCELLED, f"Canceled by {by}.")


@pytest.mark.parametrize("canceled", [False, True])
def test_a_killed_dry_run_is_cleaned_up(
    copy_databases: CopyDatabases,
    live: Live,
    staging_unchanged: None,
    monkeypatch: pytest.MonkeyPatch,
    canceled: bool,
) -> None:
    def killed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    services.take_backup()
    dry_run = services.start_dry_run(by=None)
    with monkeypatch.context() as patch:
        patch.setattr("staging_copy.copying.copier.undo", killed)
        with pytest.raises(KeyboardInterrupt):
            services.run_dry_run(dry_run=dry_run)
    assert swap.dry_run_name(copy_databases.staging) in copy_databases.names()
    if canceled:
        assert services.cancel_dry_run(dry_run=dry_run, by=None)
    run_due_copies()
    assert swap.dry_run_name(copy_databases.staging) not in copy_databases.names()
    dry_run.refresh_from_db()
    state, problem = (DryRun.State.CANCELLED, "Canceled") if canceled else (DryRun.State.FAILED, "stage “Verify copy”")
    assert dry_run.state == state and problem in dry_run.problem
