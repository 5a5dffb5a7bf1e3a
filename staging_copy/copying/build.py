"""Builds the side database: schema, masked rows, sequences, indexes, statistics."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from tempfile import NamedTemporaryFile
from typing import Any

from staging_copy.backup.archive import Archive, quote
from staging_copy.copying.loader import Plan, Task
from staging_copy.masking.columns import Column, check_columns
from staging_copy.masking.leak_check import ScanResult
from staging_copy.masking.policy import Policy, PolicyError, Rows
from staging_copy.postgres import Database

_ROOT = Path(__file__).resolve().parents[2]
# pg_restore's jobs already use all CPUs. Parallel workers per index or foreign key check made the stage 25% slower
# (measured with two CPUs).
_INDEX_OPTIONS = (
    "-c maintenance_work_mem=256MB -c synchronous_commit=off"
    " -c max_parallel_maintenance_workers=0 -c max_parallel_workers_per_gather=0"
)

# Called with a table name and its number of rows loaded so far.
Progress = Callable[[str, int], None]


class LoadFailed(Exception):
    """A table could not be loaded. `reason` is the name of the error's class; the message names table and cause."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def create(target: Database, name: str) -> Database:
    """Creates an empty database on the server of `target`, with the encoding, locale and tablespace of `target`.

    Only its owner may connect to it.
    """
    with target.maintenance.connect(autocommit=True) as connection, connection.cursor() as cursor:
        # By way of JSON, because the column of the locale has another name before PostgreSQL 17.
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype,"
            " coalesce(to_jsonb(pg_database) ->> 'datlocale', to_jsonb(pg_database) ->> 'daticulocale'), spcname"
            " FROM pg_database JOIN pg_tablespace ON pg_tablespace.oid = dattablespace WHERE datname = %s",
            [target.name],
        )
        like = ""
        if row := cursor.fetchone():
            encoding, provider, collate, ctype, locale, tablespace = row
            like = cursor.mogrify(
                "ENCODING %s LOCALE_PROVIDER "
                + {"b": "builtin", "i": "icu"}.get(provider, "libc")
                + " LC_COLLATE %s LC_CTYPE %s",
                [encoding, collate, ctype],
            ).decode()
            if tablespace != "pg_default":
                like += f" TABLESPACE {quote(tablespace)}"
            if locale:
                name_of = {"b": "BUILTIN_LOCALE", "i": "ICU_LOCALE"}[provider]
                like += cursor.mogrify(f" {name_of} %s", [locale]).decode()
        cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE template0 {like}")
        cursor.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {quote(name)} FROM PUBLIC")
    return target.named(name)


def restore_schema(archive: Archive, side: Database) -> None:
    """Restores tables, types and functions, without rows, indexes and foreign keys."""
    _restore(archive, side, _ids(archive), "--section=pre-data")


def restore_sequences(archive: Archive, side: Database) -> None:
    """Restores the values of sequences, which are part of the archive's data section."""
    if archive.sequence_values:
        _restore(archive, side, archive.sequence_values, "--section=data")


def restore_indexes(archive: Archive, side: Database, *, jobs: int) -> None:
    """Restores indexes, constraints and triggers. A violated foreign key fails here."""
    _restore(archive, side, _ids(archive), "--section=post-data", f"--jobs={jobs}")


def tasks(archive: Archive, policy: Policy, side: Database) -> list[Task]:
    """The tables to load, largest first. Raises PolicyError for a table or column without a suitable rule (N3)."""
    columns = _columns(side)
    found = []
    for table in archive.tables:
        rules = policy.tables.get(table.root)
        if rules is None:
            raise PolicyError(table.root, "there is no masking policy for this table")
        if rules.rows is Rows.COPY:
            known = columns[table.qualified]
            wanted = tuple(known[name] for name in table.columns)
            check_columns(table.root, wanted, rules.columns)
            found.append(Task(table.id, table.root, wanted, dict(rules.columns)))
    return found


@dataclass
class Loaded:
    """Rows by table, canary counts before masking (`seen`) and after (`arrived`), changed values by column and table,
    and what the leak check found in all tables."""

    rows: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    changed: dict[str, Counter[str]] = field(default_factory=dict)
    scan: ScanResult = field(default_factory=ScanResult)

    def add(self, table: str, result: dict[str, Any]) -> None:
        """Adds what a loader reports of a finished table or partition."""
        self.seen.update(result["seen"])
        self.arrived.update(result["arrived"])
        self.changed.setdefault(table, Counter()).update(result["changed"])
        scan = result["scan"]
        self.scan.other_signs.update(scan.pop("other_signs"))
        for name, count in scan.items():
            setattr(self.scan, name, getattr(self.scan, name) + count)


def load(plan: Plan, todo: Sequence[Task], *, processes: int, progress: Progress) -> Loaded:
    """Loads the tables in several processes.

    `progress` is called in the calling thread. The first failure stops all processes and is raised as LoadFailed.
    """
    waiting: SimpleQueue[Task | None] = SimpleQueue()
    messages: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    tables = {task.id: task.table for task in todo}
    rows: dict[int, int] = {}
    done: set[int] = set()
    loaded = Loaded(Counter(dict.fromkeys(tables.values(), 0)))
    with ExitStack() as stack:
        loaders = [stack.enter_context(_start_loader()) for _ in range(min(processes, len(todo)))]
        for task in (*todo, *[None] * len(loaders)):
            waiting.put(task)
        threads = stack.enter_context(ThreadPoolExecutor(max(1, len(loaders))))
        for loader in loaders:
            # Each thread ends when its process does, so kill the processes before joining the threads.
            stack.callback(loader.kill)
            threads.submit(_run_loader, loader, plan, waiting, messages)
        running = len(loaders)
        while running:
            message = messages.get()
            if message is None:
                running -= 1
                continue
            if "error" in message:
                raise LoadFailed(message["error"], message["message"])
            number, table = message["id"], tables[message["id"]]
            loaded.rows[table] += message["rows"] - rows.get(number, 0)
            rows[number] = message["rows"]
            if message.get("done"):
                done.add(number)
                loaded.add(table, message)
            progress(table, loaded.rows[table])
    if missing := sorted(tables[number] for number in tables.keys() - done):
        raise LoadFailed("LoaderDied", f"Not loaded: {', '.join(missing)}")
    return loaded


def analyze(side: Database, *, jobs: int) -> None:
    """Collects planner statistics, so that staging's first queries are fast."""
    side.run("vacuumdb", "--analyze-only", "--quiet", f"--jobs={jobs}")


def refresh_views(side: Database) -> None:
    """Fills materialized views again, after rows that they may show have changed; in the order of their creation."""
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews JOIN pg_class"
            " ON pg_class.oid = format('%I.%I', schemaname, matviewname)::regclass"
            " WHERE ispopulated ORDER BY pg_class.oid"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"REFRESH MATERIALIZED VIEW {name}")
        connection.commit()


_COLUMNS = r"""
    SELECT format('"%s"."%s"', replace(nspname, '"', '""'), replace(relname, '"', '""')), attname,
           CASE WHEN typtype = 'e' THEN 'enum' ELSE format_type(base.type, NULL) END,
           NOT base.not_null,
           CASE WHEN typname IN ('varchar', 'bpchar', '_varchar', '_bpchar') AND base.mod > 4 THEN base.mod - 4 END
    FROM pg_attribute
    JOIN pg_class c ON c.oid = attrelid
    JOIN pg_namespace n ON n.oid = relnamespace
    -- The type below all domains, whose limits and NOT NULL apply as if they were the column's own.
    CROSS JOIN LATERAL (
        WITH RECURSIVE below (type, mod, not_null, depth) AS (
            SELECT atttypid, atttypmod, attnotnull, 0
            UNION ALL
            SELECT typbasetype, CASE WHEN mod > 0 THEN mod ELSE typtypmod END, not_null OR typnotnull, depth + 1
            FROM below JOIN pg_type ON pg_type.oid = type AND typtype = 'd'
        ) SELECT type, mod, not_null FROM below ORDER BY depth DESC LIMIT 1
    ) AS base
    JOIN pg_type t ON t.oid = base.type
    WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND nspname NOT LIKE 'pg\_%'
"""


def _columns(side: Database) -> dict[str, dict[str, Column]]:
    found: dict[str, dict[str, Column]] = {}
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, name, kind, nullable, limit in cursor:
            found.setdefault(table, {})[name] = Column(name, kind, nullable, limit)
    return found


def _ids(archive: Archive) -> list[int]:
    return [entry.id for entry in archive.restorable_entries]


def _restore(archive: Archive, side: Database, entries: Iterable[int], *options: str) -> None:
    with NamedTemporaryFile("w", prefix="restore-", suffix=".list") as wanted:
        wanted.writelines(f"{number};\n" for number in entries)
        wanted.flush()
        side.restore(
            archive.folder,
            *("--no-owner", "--no-privileges", f"--use-list={wanted.name}"),
            *options,
            options=_INDEX_OPTIONS,
        )


def _start_loader() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "staging_copy.copying.loader"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run_loader(
    loader: "subprocess.Popen[str]",
    plan: Plan,
    waiting: "SimpleQueue[Task | None]",
    messages: "SimpleQueue[dict[str, Any] | None]",
) -> None:
    """Feeds tables to a loader process and queues its messages; None marks the end."""
    if loader.stdin is None or loader.stdout is None or loader.stderr is None:
        raise TypeError("A loader needs pipes for stdin, stdout and stderr.")
    try:
        print(json.dumps(asdict(plan)), file=loader.stdin, flush=True)
        for task in iter(waiting.get, None):
            print(task.to_json(), file=loader.stdin, flush=True)
            for line in loader.stdout:
                message = json.loads(line)
                messages.put(message)
                if "done" in message:
                    break
            else:
                raise BrokenPipeError
    except BrokenPipeError:
        stderr_lines = loader.stderr.read().strip().splitlines()
        messages.put({"error": "LoaderDied", "message": "\n".join(stderr_lines[-10:]) or "A loader was killed."})
    finally:
        # Closing flushes buffered input; its BrokenPipeError must not replace the loader's own error.
        with suppress(BrokenPipeError):
            loader.stdin.close()
        messages.put(None)
