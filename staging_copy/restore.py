"""Brings a backup back into live: built beside it, then swapped, so that live is replaced whole or not at all."""

from collections.abc import Callable
from pathlib import Path

from staging_copy import build, swap
from staging_copy.postgres import Database


class Refused(Exception):
    """The backup was not restored; live is as it was."""


def restore_into(live: Database, archive: Path, *, jobs: int, on_progress: Callable[[str], None]) -> str:
    """Restores the archive and puts it in the place of `live`; returns the name of the database that was live.

    That one is kept until somebody drops it; another one of that name, from an earlier restore, must be dropped
    first. Raises Refused, ProgramFailed and psycopg2.Error; live is then as it was.
    """
    kept = swap.previous_name(live)
    if swap.databases(live, [kept]):
        raise Refused(f"{kept} holds what an earlier restore replaced, and would be lost: drop or rename it first.")
    on_progress(f"Restoring {archive.name} beside {live.name} ...")
    swap.drop(live, swap.next_name(live))
    side = build.create(live, swap.next_name(live))
    try:
        side.run("pg_restore", "--exit-on-error", f"--jobs={jobs}", archive)
        build.analyze(side, jobs=jobs)
        on_progress("Swapping ...")
        seconds = swap.swap(live)
    except BaseException:
        swap.drop(live, swap.next_name(live))
        raise
    on_progress(f"{live.name} did not answer for {seconds:.2f} s. What was live is kept as {kept}.")
    return kept
