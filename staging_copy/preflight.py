"""Preflight checks of a copy: everything that can be verified before anything is changed."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from staging_copy import backups, target
from staging_copy.archive import Archive, ArchiveError, TableData
from staging_copy.policy import Policy, Rows, Rule
from staging_copy.postgres import Database

# Disk space for the copy relative to the size of live: its data, plus a reserve for building indexes.
_DISK_FACTOR = 1.2
_MAX_NAME_LENGTH = 63 - len("_previous_old")


class PreflightFailed(Exception):
    """The copy was not started. `reasons` lists every problem found, each with its fix."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("\n".join(self.reasons))


@dataclass(frozen=True)
class PlannedTable:
    """What the copy will do with one table: whose rows it will contain, how many, and each column's rule."""

    table: str
    treatment: Rows
    rows: int
    rules: dict[str, Rule]
    size: int


def plan(archive: Archive, manifest: backups.Manifest, policy: Policy) -> list[PlannedTable]:
    """All tables in the archive, largest first, partitions counted with their parent. Raises PreflightFailed (N3)."""
    if missing := list(_without_rules(archive, policy)):
        raise PreflightFailed(missing)
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
    """Raises PreflightFailed with all reasons why this backup cannot be copied."""
    try:
        backups.check_files(archive.folder.parent, manifest)
    except ArchiveError as error:
        raise PreflightFailed([str(error)]) from error
    reasons = list(_without_rules(archive, policy))
    if now - manifest.taken > max_age:
        reasons.append(
            _(
                "Backup %(backup)s is from %(time)s, which is more than %(hours)s hours ago. Check why the nightly "
                "backup did not run, or take a new backup."
            )
            % {
                "backup": manifest.name,
                "time": f"{manifest.taken:%Y-%m-%d %H:%M %Z}",
                "hours": f"{max_age.total_seconds() / 3600:g}",
            }
        )
    if archive.encoding != "UTF8":
        message = _("The archive is encoded in %(encoding)s. Only UTF8 archives can be masked.")
        reasons.append(message % {"encoding": archive.encoding})
    if archive.large_objects:
        message = ngettext(
            "The archive contains %(count)s large object, which cannot be masked. Remove it from live.",
            "The archive contains %(count)s large objects, which cannot be masked. Remove them from live.",
            archive.large_objects,
        )
        reasons.append(message % {"count": archive.large_objects})
    if unknown := sorted(set(manifest.migrations) - known_migrations):
        message = _(
            "The backup is newer than this code and contains unknown migrations (%(migrations)s). "
            "Deploy the version that live runs, then copy again."
        )
        reasons.append(message % {"migrations": ", ".join(unknown[:5])})
    if reasons:
        raise PreflightFailed(reasons)


def check_target(
    staging: Database, live: Database, journals: Path, *, environment: str, expected_size: int | None
) -> None:
    """Raises PreflightFailed with all reasons why this database cannot be replaced."""
    reasons = []
    if environment == "staging":
        reasons.append(_("Copies are started on live, and this is staging (see the setting ENVIRONMENT)."))
    if len(staging.name.encode()) > _MAX_NAME_LENGTH:
        message = _("The database name %(name)s is too long. Rename the database to at most %(limit)s bytes.")
        reasons.append(message % {"name": staging.name, "limit": _MAX_NAME_LENGTH})
    try:
        target.check(staging, live, journals)
        reasons += _disk_shortage(staging, expected_size)
    except target.WrongTarget as error:
        reasons.append(str(error))
    except psycopg2.OperationalError as error:
        reasons.append(_("A database is not responding: %(error)s") % {"error": str(error).strip()})
    if reasons:
        raise PreflightFailed(reasons)


def _without_rules(archive: Archive, policy: Policy) -> Iterator[str]:
    for table in archive.tables:
        rules = policy.tables.get(table.root)
        if rules is None:
            message = _(
                "Table %(table)s has no masking policy. Add one to the policy.py of its app. If the table no longer "
                "exists in the code, also add its name to RETIRED."
            )
            yield message % {"table": table.root}
        elif rules.rows is Rows.COPY:
            yield from _columns_without_rules(table, set(rules.columns))


def _columns_without_rules(table: TableData, known: set[str]) -> Iterator[str]:
    for column in table.columns:
        if column not in known:
            message = _("Column %(column)s has no masking rule. Add one to the policy.py of its app.")
            yield message % {"column": f"{table.root}.{column}"}


def _disk_shortage(staging: Database, expected: int | None) -> list[str]:
    """Reports missing disk space, if the server's data directory is visible to this process.

    Otherwise a full disk fails the copy later, which also leaves staging unchanged.
    """
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
    message = _(
        "The copy needs about %(needed)s GiB, and the disk of the staging server has %(free)s GiB free. "
        "Free up disk space, e.g. by dropping the previous database."
    )
    return [message % {"needed": f"{needed / 2**30:.1f}", "free": f"{free / 2**30:.1f}"}]
