"""Everything that can be known before anything is touched: if it is not as it should be, nothing begins."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2

from staging_copy import backups, target
from staging_copy.archive import Archive, ArchiveError, TableData
from staging_copy.policy import Policy, Rows, Rule
from staging_copy.postgres import Database

# Indexes, and room to turn around, beside what live itself takes.
_DISK_FACTOR = 1.2
_MAX_NAME_LENGTH = 63 - len("_previous_old")


class Refused(Exception):
    """The copy was not begun. `reasons` holds all that was found, each with its mend."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("\n".join(self.reasons))


@dataclass(frozen=True)
class PlannedTable:
    """What is to happen to one table: whose rows it will hold, how many, and the rule of each column."""

    table: str
    fate: Rows
    rows: int
    rules: dict[str, Rule]
    size: int


def plan(archive: Archive, manifest: backups.Manifest, policy: Policy) -> list[PlannedTable]:
    """Every table of the archive, partitions counted with their parent, the largest first. Raises Refused (N3)."""
    if missing := list(_without_rules(archive, policy)):
        raise Refused(missing)
    sizes: dict[str, int] = {}
    for table in archive.tables:
        sizes[table.root] = sizes.get(table.root, 0) + table.size
    return [
        PlannedTable(
            name, policy.tables[name].rows, manifest.rows.get(name, 0), dict(policy.tables[name].columns), size
        )
        for name, size in sorted(sizes.items(), key=lambda item: -item[1])
    ]


def check_archive(
    archive: Archive,
    manifest: backups.Manifest,
    policy: Policy,
    *,
    known_migrations: set[str],
    max_age: timedelta,
    now: datetime,
) -> None:
    """Raises Refused with everything that speaks against copying this backup."""
    try:
        backups.check_files(archive.folder.parent, manifest)
    except ArchiveError as error:
        raise Refused([str(error)]) from error
    reasons = list(_without_rules(archive, policy))
    if now - manifest.taken > max_age:
        reasons.append(
            f"Backup {manifest.name} is from {manifest.taken:%Y-%m-%d %H:%M %Z}, older than {max_age}. "
            "See why the nightly backup did not run, or name the backup to use it all the same."
        )
    if archive.encoding != "UTF8":
        reasons.append(f"The archive is encoded in {archive.encoding}; only UTF8 can be masked.")
    if archive.large_objects:
        reasons.append(
            f"The archive holds {archive.large_objects} large objects, which no rule covers. Remove them from live."
        )
    if unknown := sorted(set(manifest.migrations) - known_migrations):
        reasons.append(
            f"The backup is newer than this code: it has migrations that the code does not know "
            f"({', '.join(unknown[:5])}). Deploy the code that live runs, then copy."
        )
    if reasons:
        raise Refused(reasons)


def check_target(
    staging: Database, live: Database, journals: Path, *, environment: str, expected_size: int | None
) -> None:
    """Raises Refused with everything that speaks against replacing this database."""
    reasons = []
    if environment == "staging":
        reasons.append("Copies are made on live's side; this is staging (ENVIRONMENT).")
    if len(staging.name.encode()) > _MAX_NAME_LENGTH:
        reasons.append(f"The name {staging.name} is too long to build beside it: {_MAX_NAME_LENGTH} bytes at most.")
    try:
        target.check(staging, live, journals)
        reasons += _disk_shortage(staging, expected_size)
    except target.WrongTarget as error:
        reasons.append(str(error))
    except psycopg2.OperationalError as error:
        reasons.append(f"A database does not answer: {str(error).strip()}")
    if reasons:
        raise Refused(reasons)


def _without_rules(archive: Archive, policy: Policy) -> Iterator[str]:
    for table in archive.tables:
        rules = policy.tables.get(table.root)
        if rules is None:
            yield (
                f"Table {table.root} has no masking policy. Add it to the policy.py of its app, or, if it is gone from "
                "the code, there with its name in RETIRED."
            )
        elif rules.rows is Rows.COPY:
            yield from _columns_without_rules(table, set(rules.columns))


def _columns_without_rules(table: TableData, known: set[str]) -> Iterator[str]:
    for column in table.columns:
        if column not in known:
            yield f"Column {table.root}.{column} has no masking rule. Add one to the policy.py of its app."


def _disk_shortage(staging: Database, expected: int | None) -> list[str]:
    """Only where the server's files can be seen from here; else a full disk stops the copy later, just as safely."""
    with staging.maintenance.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('data_directory', true)"
            " WHERE pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')"
        )
        row = cursor.fetchone()
    folder = Path(row[0]) if row else None
    if expected is None or folder is None or not folder.is_dir():
        return []
    free, needed = shutil.disk_usage(folder).free, int(expected * _DISK_FACTOR)
    if free >= needed:
        return []
    return [
        f"The disk of the staging server has {free / 2**30:.1f} GiB free and the copy needs about "
        f"{needed / 2**30:.1f} GiB. Make room, for example by dropping the previous database."
    ]
