"""Runs one live-to-staging copy, stage by stage, from the preflight checks to the swap. Every stage can be undone.

This module does not use Django's models: the journal and report in the copy's folder are the source of truth, and
callers save them to `Copy` rows.
"""

import logging
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2.extensions import make_dsn

from staging_copy import build, freeze, gates, generic_admin, journal, lane_pause, own_rows, pools, preflight, swap
from staging_copy.archive import Archive
from staging_copy.backups import Manifest
from staging_copy.journal import AlreadyRunning, Journal
from staging_copy.loader import Plan
from staging_copy.policy import Policy, Rows
from staging_copy.postgres import Database, identity

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
STAGES = ("preflight", "schema", "rows", "indexes", "migrations", "own rows", "gates", "swap")
STAGE_LABELS = {
    "preflight": gettext_lazy("Preflight checks"),
    "schema": gettext_lazy("Create tables"),
    "rows": gettext_lazy("Copy and mask rows"),
    "indexes": gettext_lazy("Create indexes"),
    "migrations": gettext_lazy("Apply migrations"),
    "own rows": gettext_lazy("Restore staging settings"),
    "gates": gettext_lazy("Verify copy"),
    "swap": gettext_lazy("Switch over"),
    # Not a stage of this module: it runs on staging, after the swap.
    "check": gettext_lazy("Check shops"),
}
# How much later than our backup the shop and the OMS should take theirs (L14).
ADVISED_BACKUP_DELAY = timedelta(hours=3)


class CopyFailed(Exception):
    """The copy failed at `stage`, and staging is unchanged. `__cause__` is the original error."""

    def __init__(self, stage: str, reason: str) -> None:
        message = _("The copy failed at the stage “%(stage)s”. Staging is unchanged. %(reason)s")
        super().__init__(message % {"stage": STAGE_LABELS[stage], "reason": reason})
        self.stage = stage
        self.reason = reason


@dataclass(frozen=True)
class Config:
    """The databases and folders of a copy, and the settings of the masks."""

    live: Database
    staging: Database
    backups: Path
    journals: Path
    environment: str
    domain: str
    key: str
    admin_email: str
    admin_password: str
    allowed: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()
    shared_hosts: tuple[str, ...] = ()
    processes: int = 2
    max_age: timedelta = timedelta(hours=48)

    @classmethod
    def from_settings(cls) -> "Config":
        """Raises preflight.PreflightFailed if a required setting is missing."""
        missing = [name for name in ("STAGING_DATABASE_URL", "STAGING_ADMIN_PASSWORD") if not getattr(settings, name)]
        if missing:
            message = _("%(setting)s is not set. See docs/staging-copy.md.")
            raise preflight.PreflightFailed([message % {"setting": name} for name in missing])
        return cls(
            live=live_database(),
            staging=Database.from_url(settings.STAGING_DATABASE_URL),
            backups=Path(settings.BACKUP_DIR),
            journals=Path(settings.STAGING_COPY_JOURNAL_DIR),
            environment=settings.ENVIRONMENT,
            domain=settings.STAGING_COPY_DOMAIN,
            key=settings.STAGING_COPY_KEY,
            admin_email=settings.STAGING_ADMIN_EMAIL,
            admin_password=settings.STAGING_ADMIN_PASSWORD,
            allowed=tuple(settings.STAGING_COPY_ALLOWED_ADDRESSES),
            canaries=tuple(settings.STAGING_COPY_CANARIES),
            shared_hosts=tuple(settings.STAGING_COPY_SHARED_HOSTS),
            processes=settings.STAGING_COPY_PROCESSES,
        )

    def masking_key(self) -> str:
        """The hexadecimal key of the masks: random for each copy unless STAGING_COPY_KEY is set."""
        return blake2b(self.key.encode(), digest_size=32).hexdigest() if self.key else secrets.token_hex(32)


def live_database() -> Database:
    """The database of this installation."""
    default = settings.DATABASES["default"]
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
    return Database.from_url(make_dsn(**{libpq: default[name] for name, libpq in names.items() if default.get(name)}))


@dataclass
class Watcher:
    """Progress callbacks: `stage` is called when a stage begins, `progress` with a table and its rows loaded so far."""

    stage: Callable[[str], None] = lambda stage: None
    progress: Callable[[str, int], None] = lambda table, rows: None


def known_migrations() -> set[str]:
    """The migrations in this code, as `app.name`."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {f"{app}.{name}" for app, name in loader.disk_migrations}


def recover(config: Config) -> list[Journal]:
    """Cleans up after killed copies and returns their journals. Call it under `exclusive_lock`.

    A copy killed after its swap is completed; anything else is undone, except for its journal.
    """
    abandoned = journal.unfinished(config.journals)
    for record in abandoned:
        if _clean_up(config, record):
            record.write("finished", recovered=True)
        else:
            record.write("cleaned")
    return abandoned


def run(config: Config, policy: Policy, manifest: Manifest, record: Journal, watcher: Watcher) -> dict[str, Any]:
    """Runs the copy and returns its report, which is also saved in the journal's folder.

    Call it under `exclusive_lock`. Raises CopyFailed, with the original error as its cause; staging is then unchanged.
    """
    return _Run(config, policy, manifest, record, watcher).run()


def rollback(config: Config, policy: Policy, record: Journal) -> float:
    """Swaps staging with its previous database. Returns the downtime of staging in seconds.

    Rows of `kept` tables are those of the database that was in use.
    """
    record.write("rolling back")
    previous = config.staging.named(swap.previous_name(config.staging))
    with own_rows.kept_rows(config.staging, previous, policy):
        seconds = swap.rollback(config.staging)
    record.write("finished", rolled_back=True, seconds=seconds)
    return seconds


@contextmanager
def exclusive_lock(config: Config) -> Iterator[None]:
    """Allows one copy at a time: a file lock on this machine, an advisory lock on the staging server.

    Raises AlreadyRunning.
    """
    with ExitStack() as stack:
        stack.enter_context(journal.lock(config.journals))
        connection = stack.enter_context(config.staging.maintenance.connect(autocommit=True))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"copy to {config.staging.name}"])
            if not cursor.fetchone()[0]:
                raise AlreadyRunning(
                    _("Another machine is copying to this staging database. Wait until it has finished.")
                )
        yield


class _Run:
    """One copy: its stages in order, and the state that they share."""

    def __init__(self, config: Config, policy: Policy, manifest: Manifest, record: Journal, watcher: Watcher) -> None:
        self.config = config
        self.policy = policy
        self.manifest = manifest
        self.record = record
        self.watcher = watcher
        self.side = config.staging.named(swap.next_name(config.staging))
        self.stage = STAGES[0]
        self.seconds: list[tuple[str, float]] = []
        self.report: dict[str, Any] = {}
        self.staging_exists = False

    def run(self) -> dict[str, Any]:
        steps = (
            self.preflight,
            self.schema,
            self.rows,
            self.indexes,
            self.migrations,
            self.own_rows,
            self.gates,
            self.swap,
        )
        try:
            for self.stage, step in zip(STAGES, steps, strict=True):
                self.record.write("stage", stage=self.stage)
                self.watcher.stage(self.stage)
                started = time.monotonic()
                step()
                self.seconds.append((self.stage, round(time.monotonic() - started, 3)))
        except BaseException as error:
            # BaseException, so that a terminated process also undoes what it began.
            if not _clean_up(self.config, self.record):
                reason = f"{type(error).__name__}: {error}".strip()
                self.record.write("failed", stage=self.stage, reason=reason)
                if isinstance(error, Exception):
                    raise CopyFailed(self.stage, str(error).strip() or reason) from error
                raise
        self.record.save_report(self.report)
        self.record.write("finished")
        return self.report

    def preflight(self) -> None:
        self.archive = Archive.open(self.config.backups / self.manifest.name)
        self.known = known_migrations()
        now = datetime.now(UTC)
        preflight.check_archive(
            self.archive,
            self.manifest,
            self.policy,
            known_migrations=self.known,
            max_age=self.config.max_age,
            now=now,
        )
        preflight.check_target(
            self.config.staging,
            self.config.live,
            self.config.journals,
            environment=self.config.environment,
            expected_size=self.manifest.database_size,
        )
        # From here on, clean-up may drop the database of this name, but only on this server.
        self.record.write("building", server=_server(self.config.staging), database=self.side.name)
        swap.drop(self.config.staging, self.side.name)
        self.staging_exists = self.config.staging.name in swap.databases(
            self.config.staging, [self.config.staging.name]
        )
        self.pools_path = pools.ensure(self.config.journals)

    def schema(self) -> None:
        build.create(self.config.staging, self.side.name)
        build.restore_schema(self.archive, self.side)
        self.tasks = build.tasks(self.archive, self.policy, self.side)

    def rows(self) -> None:
        self.loaded = build.load(
            Plan(
                archive=str(self.archive.folder),
                dsn=self.side.dsn,
                password=self.side.password,
                key=self.config.masking_key(),
                secret_key=secrets.token_hex(32),
                domain=self.config.domain,
                allowed=self.config.allowed,
                pools=str(self.pools_path),
                now=datetime.now(UTC).isoformat(),
                canaries=self.config.canaries,
            ),
            self.tasks,
            processes=self.config.processes,
            progress=self.watcher.progress,
        )
        build.restore_sequences(self.archive, self.side)

    def indexes(self) -> None:
        build.restore_indexes(self.archive, self.side, jobs=self.config.processes)
        build.analyze(self.side, jobs=self.config.processes)

    def migrations(self) -> None:
        """Applies migrations newer than the backup, because staging runs the same code as this process."""
        if self.known - set(self.manifest.migrations):
            _migrate(self.side)

    def own_rows(self) -> None:
        self.restore_rows: list[own_rows.RestoredRows] = []
        if self.staging_exists:
            # As late as possible: staging's lanes run until here.
            lane_pause.pause(self.config.staging, self.record)
            self.restore_rows = own_rows.restore_rows(self.config.staging, self.side, self.policy)
            build.copy_grants(self.config.staging, self.side)
        generic_admin.ensure(self.side, email=self.config.admin_email, password=self.config.admin_password)
        self.frozen = freeze.freeze(self.side)

    def gates(self) -> None:
        copied = {
            table: count for table, count in self.manifest.rows.items() if self.policy.tables[table].rows is Rows.COPY
        }
        gates.check_rows(copied, self.loaded.rows)
        gates.check_constraints(self.side)
        gates.check_canaries(self.loaded.arrived)
        self.paused_endpoints = freeze.pause_live_endpoints(
            self.side, self.archive, shared_hosts=self.config.shared_hosts
        )

    def swap(self) -> None:
        oid = swap.databases(self.config.staging, [self.side.name])[self.side.name]
        self.report = self._report()
        self.record.write("swapping", oid=oid)
        downtime = swap.swap(self.config.staging)
        self.report["swap_seconds"] = round(downtime, 3)
        _clean_up(self.config, self.record)

    def _report(self) -> dict[str, Any]:
        taken = self.manifest.taken
        return {
            "backup": {"name": self.manifest.name, "taken_at": taken, "checksum": self.manifest.checksum},
            "advice": {
                "shop_and_oms_backups_from": taken + ADVISED_BACKUP_DELAY,
                "orders": _(
                    "Orders are not checked against the OMS, because it has no API for that. "
                    "Use an OMS backup that is slightly later than the backup of live."
                ),
            },
            # The same list object, so that the swap, which is still to come, is included.
            "stages": self.seconds,
            "tables": [
                {
                    "table": planned.table,
                    "fate": planned.treatment,
                    "rows_in_backup": planned.rows,
                    "rows_on_staging": self.loaded.rows.get(planned.table, 0),
                    "rules": planned.rules,
                }
                for planned in preflight.plan(self.archive, self.manifest, self.policy)
            ],
            "leaks": {
                "addresses_outside_the_masking_domain": 0,
                "canaries": {
                    canary: {"met_in_backup": self.loaded.seen[canary], "met_on_staging": self.loaded.arrived[canary]}
                    for canary in self.config.canaries
                },
            },
            "own_rows": [
                {"table": own.table, "updated": own.updated, "added": own.added, "left_out": own.skipped}
                for own in self.restore_rows
            ],
            "frozen_platforms": self.frozen,
            "paused_because_like_live": self.paused_endpoints,
            "highest_ids": gates.highest_ids(self.side),
        }


def _migrate(side: Database) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        cwd=_ROOT,
        env={**os.environ, "DATABASE_URL": side.url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError("Migrations failed on the copied database: " + done.stderr.strip()[-1000:])


def _server(database: Database) -> int:
    with database.maintenance.connect() as connection:
        return identity(connection).system


def _clean_up(config: Config, record: Journal) -> bool:
    """Cleans up after a copy that stopped at any point; returns whether its swap had happened.

    After a swap, the previous database is kept for a rollback. Before it, the new database is dropped and staging is
    unchanged. If the copy had not begun to build, or the target is another server now, nothing is touched.
    """
    building = record.last("building")
    if building is None:
        return False
    if (building["server"], building["database"]) != (_server(config.staging), swap.next_name(config.staging)):
        logger.warning("%s left database %s on another server. Drop it manually.", record.name, building["database"])
        return False
    previous = swap.previous_name(config.staging)
    present = swap.databases(config.staging, [config.staging.name, previous])
    swapping = record.last("swapping")
    swapped = swapping is not None and present.get(config.staging.name) == swapping["oid"]
    in_use = config.staging.named(previous) if swapped else config.staging
    swap.drop(config.staging, f"{previous}_old" if swapped else swap.next_name(config.staging))
    if in_use.name in present:
        lane_pause.resume(in_use, record)
    return swapped
