"""Undoes a copy that failed, was canceled or was killed, according to its journal."""

import logging

import psycopg2

from staging_copy.copying import lane_pause, swap
from staging_copy.copying.config import Config
from staging_copy.copying.journal import Journal
from staging_copy.postgres import Database, identity

logger = logging.getLogger(__name__)


def undo(config: Config, record: Journal) -> bool:
    """Undoes a copy that stopped at any point, unless it was switched over; returns whether it was.

    After a swap, the previous database is kept for a rollback. Before it, the new database is dropped and staging is
    unchanged. If the copy had not begun to build, or the target is another server now, nothing is touched. A dry run is
    undone in the same way.
    """
    building = record.last("building")
    if building is None:
        return False
    built = building["database"]
    ours = (swap.next_name(config.staging), swap.dry_run_name(config.staging))
    if building["server"] != server_of(config.staging) or built not in ours:
        logger.warning("%s left database %s on another server. Drop it manually.", record.name, built)
        return False
    previous = swap.previous_name(config.staging)
    present = swap.databases(config.staging, [config.staging.name, previous])
    swapping = record.last("swapping")
    swapped = swapping is not None and present.get(config.staging.name) == swapping["oid"]
    in_use = config.staging.named(previous) if swapped else config.staging
    leftover = f"{previous}_old" if swapped else built
    try:
        swap.drop(config.staging, leftover)
    except psycopg2.Error as error:
        # It costs disk space only: the next copy drops it, or its preflight checks say what is in the way.
        logger.warning("Database %s could not be dropped: %s", leftover, error)
    if in_use.name in present:
        lane_pause.resume(in_use, record)
    return swapped


def server_of(database: Database) -> int:
    """The system identifier of the server."""
    with database.maintenance.connect() as connection:
        return identity(connection).system
