"""Builds the side database: schema, masked rows, sequences, indexes, statistics, grants."""

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

from staging_copy.archive import Archive, quote
from staging_copy.loader import Plan, Task
from staging_copy.masking import Column
from staging_copy.policy import Policy, PolicyError, Rows
from staging_copy.postgres import Database

_ROOT = Path(__file__).resolve().parent.parent
# Connections to other systems, which must not exist on staging. Statistics data contains unmasked values.
_EXCLUDED_KINDS = frozenset(
    ("PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION", "SUBSCRIPTION TABLE")
    + ("SERVER", "USER MAPPING", "FOREIGN TABLE", "EVENT TRIGGER", "SECURITY LABEL", "STATISTICS DATA")
)
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
    """Creates an empty database on the server of `target`, with the encoding and locale of `target`.

    Only its owner may connect to it.
    """
    with target.maintenance.connect(autocommit=True) as connection, connection.cursor() as cursor:
        # By way of JSON, because the column of the locale has another name before PostgreSQL 17.
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype,"
            " coalesce(to_jsonb(pg_database) ->> 'datlocale', to_jsonb(pg_database) ->> 'daticulocale')"
            " FROM pg_database WHERE datname = %s",
            [target.name],
        )
        like = ""
        if row := cursor.fetchone():
            encoding, provider, collate, ctype, locale = row
            like = cursor.mogrify(
                "ENCODING %s LOCALE_PROVIDER "
                + {"b": "builtin", "i": "icu"}.get(provider, "libc")
                + " LC_COLLATE %s LC_CTYPE %s",
                [encoding, collate, ctype],
            ).decode()
            if locale:
                name_of = {"b": "BUILTIN_LOCALE", "i": "ICU_LOCALE"}[provider]
                like += cursor.mogrify(f" {name_of} %s", [locale]).decode()
        cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE template0 {like}")
        cursor.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {quote(name)} FROM PUBLIC")
    return target.named(name)


def restore_schema(archive: Archive, side: Database) -> None:
    """Restores tables, types and functions, without rows, indexes and foreign keys."""
    _restore(archive, side, _restorable_entries(archive), "--section=pre-data")


def restore_sequences(archive: Archive, side: Database) -> None:
    """Restores the values of sequences, which are part of the archive's data section."""
    if archive.sequence_values:
        _restore(archive, side, archive.sequence_values, "--section=data")


def restore_indexes(archive: Archive, side: Database, *, jobs: int) -> None:
    """Restores indexes, constraints and triggers. A violated foreign key fails here."""
    _restore(archive, side, _restorable_entries(archive), "--section=post-data", f"--jobs={jobs}")


def tasks(archive: Archive, policy: Policy, side: Database) -> list[Task]:
    """The tables to load, largest first. Raises PolicyError for a table without a policy (N3)."""
    columns = _columns(side)
    found = []
    for table in archive.tables:
        rules = policy.tables.get(table.root)
        if rules is None:
            raise PolicyError(table.root, "there is no masking policy for this table")
        if rules.rows is Rows.COPY:
            known = columns[table.qualified]
            wanted = tuple(known[name] for name in table.columns)
            found.append(Task(table.id, table.root, wanted, dict(rules.columns)))
    return found


@dataclass
class Loaded:
    """Rows by table, and canary counts before masking (`seen`) and after (`arrived`)."""

    rows: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)


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
                loaded.seen.update(message["seen"])
                loaded.arrived.update(message["arrived"])
            progress(table, loaded.rows[table])
    if missing := sorted(tables[number] for number in tables.keys() - done):
        raise LoadFailed("LoaderDied", f"Not loaded: {', '.join(missing)}")
    return loaded


def analyze(side: Database, *, jobs: int) -> None:
    """Collects planner statistics, so that staging's first queries are fast."""
    side.run("vacuumdb", "--analyze-only", "--quiet", f"--jobs={jobs}")


def copy_grants(target: Database, side: Database) -> None:
    """Copies grants and database settings of `target` to `side`.

    Tables that `target` lacks stay accessible to their owner only. CONNECT is granted by the swap.
    """
    with target.connect() as current, side.connect() as new_database:
        with current.cursor() as reader, new_database.cursor() as writer:
            reader.execute(_GRANTS)
            for statement, name in reader.fetchall():
                writer.execute("SELECT to_regclass(%s) IS NOT NULL OR to_regnamespace(%s) IS NOT NULL", [name, name])
                if writer.fetchone()[0]:
                    writer.execute(statement)
            reader.execute(_SETTINGS)
            for role, parameter, value in reader.fetchall():
                whose = f"ROLE {quote(role)} IN " if role else ""
                writer.execute(f"ALTER {whose}DATABASE {quote(side.name)} SET {parameter} TO {value}")
        new_database.commit()


_GRANTS = r"""
    WITH objects AS (
        SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
               format('%I.%I', nspname, relname) AS name, relacl AS acl, relowner AS owner
        FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
        UNION ALL
        SELECT 'SCHEMA', quote_ident(nspname), nspacl, nspowner
        FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
    )
    SELECT format('GRANT %s ON %s %s TO %s%s', right_.privilege_type, kind, name,
                  CASE WHEN right_.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(right_.grantee)) END,
                  CASE WHEN right_.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), name
    FROM objects CROSS JOIN LATERAL aclexplode(acl) AS right_
    WHERE right_.grantee <> owner
"""
_SETTINGS = """
    SELECT CASE WHEN setrole = 0 THEN NULL ELSE pg_get_userbyid(setrole) END,
           split_part(setting, '=', 1), quote_literal(substr(setting, strpos(setting, '=') + 1))
    FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) AS setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_COLUMNS = r"""
    SELECT format('"%s"."%s"', replace(nspname, '"', '""'), replace(relname, '"', '""')), attname,
           CASE WHEN typtype = 'e' THEN 'enum'
                ELSE format_type(CASE WHEN typtype = 'd' THEN typbasetype ELSE atttypid END, NULL) END,
           NOT attnotnull,
           CASE WHEN typname IN ('varchar', 'bpchar') AND atttypmod > 4 THEN atttypmod - 4 END
    FROM pg_attribute
    JOIN pg_class c ON c.oid = attrelid
    JOIN pg_namespace n ON n.oid = relnamespace
    JOIN pg_type t ON t.oid = atttypid
    WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND nspname NOT LIKE 'pg\_%'
"""


def _columns(side: Database) -> dict[str, dict[str, Column]]:
    found: dict[str, dict[str, Column]] = {}
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, name, kind, nullable, limit in cursor:
            found.setdefault(table, {})[name] = Column(name, kind, nullable, limit)
    return found


def _restorable_entries(archive: Archive) -> list[int]:
    return [
        entry.id
        for entry in archive.entries
        # Extensions belong to the database administrator, so our role may not comment on them.
        if entry.kind not in _EXCLUDED_KINDS and not (entry.kind == "COMMENT" and entry.tag.startswith("EXTENSION"))
    ]


def _restore(archive: Archive, side: Database, entries: Iterable[int], *options: str) -> None:
    with NamedTemporaryFile("w", prefix="restore-", suffix=".list") as wanted:
        wanted.writelines(f"{number};\n" for number in entries)
        wanted.flush()
        side.run(
            "pg_restore",
            *("--exit-on-error", "--no-owner", "--no-privileges", f"--use-list={wanted.name}"),
            *options,
            archive.folder,
            options=_INDEX_OPTIONS,
        )


def _start_loader() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "staging_copy.loader"],
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
