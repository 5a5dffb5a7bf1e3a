"""A process that carries tables from the archive into the side database, masking them on the way.

Started by staging_copy.build as `python -m staging_copy.loader`, so that it is small (no Django) and can be killed.
It reads JSON lines: first the plan (see `Plan`), then one table after another; and writes JSON lines: progress, and
`done` or `error` for each table. It ends when its input does.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2

from staging_copy import pools
from staging_copy.archive import BLOCK, Archive, ArchiveError, TableData, quote
from staging_copy.json_mask import UnknownPath
from staging_copy.leak_check import AddressFound, LeakCheck
from staging_copy.masking import Column, RowsDiffer, TableMasker, compile_table
from staging_copy.policy import PolicyError, Rule
from staging_copy.rules import Rules

# What stops a copy and is explained by its own message; everything else is a bug and shows its traceback.
EXPECTED_ERRORS = (ArchiveError, UnknownPath, RowsDiffer, PolicyError, AddressFound, psycopg2.Error)
_PROGRESS_EVERY = 64  # blocks, of 128 KB each


@dataclass(frozen=True)
class Plan:
    """What all tables of a copy have in common. Keys are hexadecimal, `now` is ISO 8601.

    `canaries` are strings planted in live, which are counted on the way in and on the way out.
    """

    archive: str
    dsn: str
    password: str
    key: str
    secret_key: str
    domain: str
    allowed: tuple[str, ...]
    pools: str
    now: str
    canaries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One table: the id of its entry in the archive, its name in policies, its columns and rules."""

    id: int
    table: str
    columns: tuple[Column, ...]
    policy: dict[str, Rule]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Task":
        fields = json.loads(line)
        return cls(**fields | {"columns": tuple(Column(**column) for column in fields["columns"])})


class Loader:
    """Loads tables one after another over one connection."""

    def __init__(self, plan: Plan) -> None:
        self._archive = Archive.open(Path(plan.archive))
        self._tables = {table.id: table for table in self._archive.tables}
        self._canaries = [canary.encode() for canary in plan.canaries]
        self._leak_check = LeakCheck(plan.domain, plan.allowed)
        self._now = datetime.fromisoformat(plan.now)
        self._rules = Rules(
            key=bytes.fromhex(plan.key),
            secret_key=bytes.fromhex(plan.secret_key),
            domain=plan.domain,
            pools=pools.read(Path(plan.pools)),
        )

    def load(self, connection: Any, task: Task) -> "LoadResult":
        """Carries one table over. Raises what EXPECTED names."""
        table = self._tables[task.id]
        masker = compile_table(task.table, task.columns, task.policy, self._rules, self._now)
        names = [column.name for column in task.columns]
        result = LoadResult(task.id)
        stream = _Stream(self._masked(table, masker, names, result), result)
        with connection, connection.cursor() as cursor:
            # Emptied in the same transaction, so the rows can be written frozen.
            cursor.execute(f"TRUNCATE ONLY {table.qualified}")
            columns = ", ".join(map(quote, names))
            cursor.copy_expert(f"COPY {table.qualified} ({columns}) FROM STDIN (FREEZE)", stream, BLOCK)
            if cursor.rowcount != result.rows:
                raise ArchiveError(f"{result.rows} rows were sent and {cursor.rowcount} arrived.")
        return result

    def _masked(self, table: TableData, masker: TableMasker, names: list[str], result: "LoadResult") -> Iterator[bytes]:
        for block in self._archive.rows(table):
            masked = masker.mask(block)
            self._leak_check.check(masked, masker.table, names)
            for canary in self._canaries:
                result.seen[canary.decode()] += block.count(canary)
                result.arrived[canary.decode()] += masked.count(canary)
            yield masked


@dataclass
class LoadResult:
    """What became of one table: its rows so far, and how often canaries were met before and after the masks."""

    id: int
    rows: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)


class _Stream:
    """What `copy_expert` reads: blocks as they come, whatever size it asks for."""

    def __init__(self, blocks: Iterator[bytes], result: LoadResult) -> None:
        self._blocks = blocks
        self._result = result
        self._count = 0

    def read(self, size: int) -> bytes:
        block = next(self._blocks, b"")
        self._result.rows += block.count(b"\n")
        self._count += 1
        if self._count % _PROGRESS_EVERY == 0:
            send_message(id=self._result.id, rows=self._result.rows)
        return block


def send_message(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def main() -> None:
    plan = Plan(**json.loads(sys.stdin.readline()))
    secret = {"password": plan.password} if plan.password else {}
    with closing(psycopg2.connect(plan.dsn, **secret)) as connection:
        loader = Loader(plan)
        for line in sys.stdin:
            task = Task.from_json(line)
            try:
                result = loader.load(connection, task)
            except EXPECTED_ERRORS as error:
                send_message(error=type(error).__name__, message=f"{task.table}: {error}".strip())
                return
            send_message(id=result.id, rows=result.rows, seen=result.seen, arrived=result.arrived, done=True)


if __name__ == "__main__":
    main()
