"""The rehearsal of a restore: into a database next to live, in which the rows are counted before it is dropped (O4)."""

from pathlib import Path

from staging_copy.backup.archive import Archive
from staging_copy.backup.backups import Manifest
from staging_copy.copying import build, gates, swap
from staging_copy.postgres import Database


class RehearsalFailed(Exception):
    """The restored database has not what the backup has."""


def rehearsal_name(live: Database) -> str:
    return f"{live.name}_rehearsal"


def run(live: Database, folder: Path, manifest: Manifest, *, jobs: int) -> dict[str, int]:
    """Returns the rows of each table. Nobody else can connect to it. Raises RehearsalFailed and ProgramFailed."""
    name = rehearsal_name(live)
    swap.drop(live, name)
    try:
        side = build.create(live, name)
        side.restore(folder, f"--jobs={jobs}")
        rows = _count_rows(side, Archive.open(folder))
        gates.check_constraints(side)
    except gates.GateFailed as error:
        raise RehearsalFailed(str(error)) from error
    finally:
        swap.drop(live, name)
    differing = sorted(
        f"{table}: {manifest.rows.get(table)} in the backup, {rows.get(table)} restored"
        for table in manifest.rows.keys() | rows.keys()
        if manifest.rows.get(table) != rows.get(table)
    )
    if differing:
        raise RehearsalFailed("Row counts differ from the backup. " + "; ".join(differing[:10]))
    return rows


def _count_rows(side: Database, archive: Archive) -> dict[str, int]:
    rows: dict[str, int] = {}
    with side.connect() as connection, connection.cursor() as cursor:
        for table in archive.tables:
            cursor.execute(f"SELECT count(*) FROM ONLY {table.qualified}")  # noqa: S608  (quoted)
            rows[table.root] = rows.get(table.root, 0) + int(cursor.fetchone()[0])
    return rows
