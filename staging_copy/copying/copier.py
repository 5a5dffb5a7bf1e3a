"""Runs one live-to-staging copy, stage by stage, from the preflight checks to the swap. Every stage can be undone.

This module does not use Django's models: the journal and report in the copy's folder are the source of truth, and
callers save them to `Copy` rows.
"""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from staging_copy.backup.backups import Manifest
from staging_copy.copying import (
    build,
    erasures,
    freeze,
    gates,
    generic_admin,
    lane_pause,
    migrations,
    own_rows,
    preflight,
    privileges,
    swap,
)
from staging_copy.copying.config import Config
from staging_copy.copying.journal import Journal
from staging_copy.copying.loader import Plan
from staging_copy.copying.stages import DRY_RUN_STAGES, STAGES, CopyFailed
from staging_copy.copying.undo import server_of, undo
from staging_copy.masking import pools
from staging_copy.masking.definitions import mask_definitions
from staging_copy.masking.leak_check import LeakCheck
from staging_copy.masking.policy import Policy, Rows
from staging_copy.masking.rules import Rules

# How much later than our backup the shop and the OMS should take theirs (L14).
ADVISED_BACKUP_DELAY = timedelta(hours=3)


@dataclass
class Watcher:
    """Progress callbacks: `stage` is called when a stage begins, `progress` with a table and its rows loaded so far."""

    stage: Callable[[str], None] = lambda stage: None
    progress: Callable[[str, int], None] = lambda table, rows: None


def run(
    config: Config, policy: Policy, manifest: Manifest, record: Journal, watcher: Watcher, *, dry_run: bool = False
) -> dict[str, Any]:
    """Runs the copy and returns its report, which is also saved in the journal's folder.

    A dry run does the same in a database of its own, pauses nothing on staging, and drops the database in place of the
    switchover: what fails in the copy fails in it as well, in the same words.

    Call it under `exclusive_lock`. Raises CopyFailed, with the original error as its cause; staging is then unchanged.
    """
    copy = _Run(config, policy, manifest, record, watcher, dry_run=dry_run)
    with copy.stack:
        return copy.run()


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


class _Run:
    """One copy: its stages in order, and the state that they share."""

    def __init__(
        self,
        config: Config,
        policy: Policy,
        manifest: Manifest,
        record: Journal,
        watcher: Watcher,
        *,
        dry_run: bool,
    ) -> None:
        self.config = config
        self.policy = policy
        self.manifest = manifest
        self.record = record
        self.watcher = watcher
        self.dry_run = dry_run
        name_of = swap.dry_run_name if dry_run else swap.next_name
        self.side = config.staging.named(name_of(config.staging))
        self.stage = STAGES[0]
        self.seconds: list[tuple[str, float]] = []
        self.report: dict[str, Any] = {}
        self.staging_exists = False
        self.key = config.masking_key()
        self.stack = ExitStack()

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
        stages = DRY_RUN_STAGES if self.dry_run else STAGES
        try:
            for self.stage, step in zip(stages, steps[: len(stages)], strict=True):
                self.record.write("stage", stage=self.stage)
                self.watcher.stage(self.stage)
                started = time.monotonic()
                step()
                self.seconds.append((self.stage, round(time.monotonic() - started, 3)))
            if self.dry_run:
                self.report = self._report()
                undo(self.config, self.record)
        except BaseException as error:
            # BaseException, so that a terminated process also undoes what it began.
            if not undo(self.config, self.record):
                reason = f"{type(error).__name__}: {error}".strip()
                self.record.write("failed", stage=self.stage, reason=reason)
                if isinstance(error, Exception):
                    raise CopyFailed(self.stage, str(error).strip() or reason) from error
                raise
        self.record.save_report(self.report)
        self.record.write("finished")
        return self.report

    def preflight(self) -> None:
        checked = preflight.check(self.config, self.policy, self.manifest, now=datetime.now(UTC))
        self.archive, self.warnings = checked.archive, checked.warnings
        # From here on, clean-up may drop the database of this name, but only on this server.
        self.record.write("building", server=server_of(self.config.staging), database=self.side.name)
        swap.drop(self.config.staging, self.side.name)
        self.staging_exists = self.config.staging.name in swap.databases(
            self.config.staging, [self.config.staging.name]
        )
        self.pools_path = pools.ensure(self.config.journals)

    def schema(self) -> None:
        rules = Rules(
            key=bytes.fromhex(self.key), secret_key=b"", domain=self.config.domain, pools=pools.read(self.pools_path)
        )
        leak_check = LeakCheck(self.config.domain, self.config.allowed)
        self.definitions = mask_definitions(self.archive, rules.scrub, leak_check)
        # Masked definitions are restored from a copy of the table of contents; rows are read from the archive.
        self.masked = self.archive
        if self.definitions.masked:
            folder = Path(self.stack.enter_context(TemporaryDirectory(dir=self.record.folder)))
            self.masked = self.archive.with_definitions(self.definitions.masked, folder)
        # Hashing a password is meant to take long. It needs one processor, like this stage.
        thread = self.stack.enter_context(ThreadPoolExecutor(1))
        self.password_hash = thread.submit(make_password, self.config.admin_password)
        build.create(self.config.staging, self.side.name)
        build.restore_schema(self.masked, self.side)
        self.tasks = build.tasks(self.archive, self.policy, self.side)

    def rows(self) -> None:
        self.loaded = build.load(
            Plan(
                archive=str(self.archive.folder),
                dsn=self.side.dsn,
                password=self.side.password,
                key=self.key,
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
        build.restore_sequences(self.masked, self.side)

    def indexes(self) -> None:
        build.restore_indexes(self.masked, self.side, jobs=self.config.processes)
        build.analyze(self.side, jobs=self.config.processes)

    def migrations(self) -> None:
        """Applies migrations newer than the backup; staging runs no newer release, as the preflight has checked."""
        if migrations.known_migrations() - set(self.manifest.migrations):
            migrations.migrate(self.side)

    def own_rows(self) -> None:
        self.restore_rows: list[own_rows.RestoredRows] = []
        if self.staging_exists:
            if not self.dry_run:
                # As late as possible: staging's lanes run until here.
                lane_pause.pause(self.config.staging, self.record)
            self.restore_rows = own_rows.restore_rows(self.config.staging, self.side, self.policy)
            privileges.copy_privileges(self.config.staging, self.side)
            privileges.copy_settings(self.config.staging, self.side)
        erasures.apply_erasures(self.side, ledger=self.config.live)
        build.refresh_views(self.side)
        generic_admin.ensure(self.side, email=self.config.admin_email, password_hash=self.password_hash.result())
        self.frozen = freeze.freeze(self.side)

    def gates(self) -> None:
        copied = {
            table: count for table, count in self.manifest.rows.items() if self.policy.tables[table].rows is Rows.COPY
        }
        gates.check_rows(copied, self.loaded.rows)
        gates.check_constraints(self.side)
        gates.check_canaries(self.loaded.arrived)
        self.paused_endpoints = freeze.pause_live_endpoints(self.side, self.archive)

    def swap(self) -> None:
        oid = swap.databases(self.config.staging, [self.side.name])[self.side.name]
        self.report = self._report()
        self.record.write("swapping", oid=oid)
        started = time.monotonic()
        try:
            self.report["swap_seconds"] = round(swap.swap(self.config.staging), 3)
        except psycopg2.Error:
            # The connection may have been lost after the renames: then this was the longest that it can have taken.
            self.report["swap_seconds"] = round(time.monotonic() - started, 3)
            raise
        undo(self.config, self.record)

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
                    "changed": self.loaded.changed.get(planned.table, {}),
                }
                for planned in preflight.plan(self.archive, self.manifest, self.policy)
            ],
            "definitions": {
                "scanned": self.definitions.scanned,
                "masked": [
                    {"kind": found.kind.lower(), "name": found.name, "addresses": found.addresses}
                    for found in self.definitions.findings
                ],
            },
            "warnings": [asdict(warning) for warning in self.warnings],
            "leaks": {
                "blocks_scanned": self.loaded.scan.blocks,
                "bytes_scanned": self.loaded.scan.bytes,
                "masked_addresses": self.loaded.scan.masked,
                "allowed_addresses": self.loaded.scan.allowed,
                "addresses_outside_the_masking_domain": self.loaded.scan.outside,
                "at_signs_of_no_address": dict(self.loaded.scan.other_signs),
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
