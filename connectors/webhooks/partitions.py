"""Maintains tables that are partitioned by day (column `day`): creates, fills and drops partitions."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

logger = logging.getLogger(__name__)

_DAYS_AHEAD = 7
# Attaching and dropping need an exclusive lock, and events must not wait behind a waiting lock request. A backup may
# hold a read lock for hours; failed steps are retried within the hour, days before the partitions are needed.
_LOCK_TIMEOUT = "500ms"


def maintain_partitions(table: str, *, days: int, now: datetime) -> None:
    """Create missing partitions for today and the next week, and delete everything older than `days` days (UTC)."""
    today = now.date()
    oldest = today - timedelta(days=days)
    existing = _partitions(table)
    wanted = {today + timedelta(days=number) for number in range(_DAYS_AHEAD + 1)} | _orphan_days(table)
    steps = [_attach(table, day) for day in sorted(wanted - existing) if day >= oldest]
    steps += [[(f"DROP TABLE {_name(table, day)}", [])] for day in sorted(existing) if day < oldest]
    try:
        for step in steps:
            _execute_with_lock_timeout(step)
    except OperationalError as error:
        logger.warning("Could not maintain all partitions of %s, will retry: %s", table, error)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}_default WHERE day < %s", [oldest])  # noqa: S608 - a constant name


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


def _partitions(table: str) -> set[date]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        suffixes = {name.rpartition("_")[2] for (name,) in cursor.fetchall()}
    return {date.fromisoformat(suffix) for suffix in suffixes - {"default"}}


def _orphan_days(table: str) -> set[date]:
    """Days without a partition whose rows are in the default partition."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT day FROM {table}_default")  # noqa: S608 - a constant name
        return {day for (day,) in cursor.fetchall()}


def _attach(table: str, day: date) -> list[tuple[str, list[Any]]]:
    """Statements that fill a table from the default partition and attach it. `CREATE … PARTITION OF` would fail if the
    default partition had rows of that day."""
    own, bounds = _name(table, day), [day, day + timedelta(days=1)]
    return [
        (f"LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE", []),
        (f"CREATE TABLE {own} (LIKE {table} INCLUDING CONSTRAINTS)", []),
        (
            f"WITH orphans AS (DELETE FROM {table}_default WHERE day = %s RETURNING *)"  # noqa: S608 - constant names
            f" INSERT INTO {own} SELECT * FROM orphans",
            [day],
        ),
        (f"ALTER TABLE {table} ATTACH PARTITION {own} FOR VALUES FROM (%s) TO (%s)", bounds),
    ]


def _execute_with_lock_timeout(statements: Sequence[tuple[str, list[Any]]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        for sql, parameters in statements:
            cursor.execute(sql, parameters)
