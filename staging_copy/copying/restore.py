"""Restores a backup into live: builds a new database, then swaps, so live is replaced completely or not at all."""

from collections.abc import Callable
from pathlib import Path

from staging_copy.backup.archive import Archive
from staging_copy.copying import build, migrations, own_rows, privileges, swap
from staging_copy.copying.erasures import apply_erasures
from staging_copy.masking.policy import Policy
from staging_copy.postgres import Database


class RestoreBlocked(Exception):
    """The backup was not restored; live is unchanged."""


def restore_into(
    live: Database, archive: Path, *, policy: Policy, jobs: int, on_progress: Callable[[str], None]
) -> str:
    """Replaces `live` with the archive's content; returns the name under which the previous database is kept.

    Rows of `kept` tables, and the settings and privileges of the database, stay as they are in live. If live is lost,
    there are no such rows, and the settings are those of the archive.
    The previous database is kept until someone drops it. One left by an earlier restore must be dropped first.
    Raises RestoreBlocked, ProgramFailed and psycopg2.Error; live is then unchanged.
    """
    kept = swap.previous_name(live)
    if swap.databases(live, [kept]):
        raise RestoreBlocked(
            f"Database {kept}, kept by an earlier restore, would be overwritten. Drop or rename it first."
        )
    on_progress(f"Restoring {archive.name} into a new database...")
    swap.drop(live, swap.next_name(live))
    side = build.create(live, swap.next_name(live))
    try:
        side.restore(archive, f"--jobs={jobs}")
        if swap.databases(live, [live.name]):
            privileges.copy_settings(live, side)
        else:
            privileges.restore_settings(Archive.open(archive), side)
        build.analyze(side, jobs=jobs)
        on_progress("Switching over...")
        is_older = migrations.missing(side)
        seconds = _switch_over(live, side, policy)
    except BaseException:
        swap.drop(live, swap.next_name(live))
        raise
    if is_older:
        on_progress("The backup is older than the code: run manage.py migrate, then manage.py apply_erasures.")
    on_progress(f"Restored {live.name}. Downtime: {seconds:.2f} s. The previous database is kept as {kept}.")
    return kept


def _switch_over(live: Database, side: Database, policy: Policy) -> float:
    if not swap.databases(live, [live.name]):
        own_rows.delete_kept_rows(side, policy)
        return swap.swap(live)
    with own_rows.kept_rows(live, side, policy):
        if not migrations.missing(side):
            apply_erasures(side)
        return swap.swap(live)
