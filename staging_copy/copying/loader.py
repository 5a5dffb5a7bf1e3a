"""A process that loads tables from the archive into the new database and masks them.

`build` starts it as `python -m staging_copy.copying.loader`: without Django it needs little memory, and it can be
killed. It reads JSON lines from stdin: first a `Plan`, then one `Task` per table. It writes JSON lines to stdout:
progress, and `done` or `error` for each table. It exits at the end of its input.
"""

import json
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2

from staging_copy.backup.archive import BLOCK, Archive, ArchiveError, TableData, quote
from staging_copy.masking import pools
from staging_copy.masking.columns import Column, RowsDiffer, TableMasker, compile_table
from staging_copy.masking.json_mask import UnknownPath
from staging_copy.masking.leak_check import AddressFound, LeakCheck, ScanResult
from staging_copy.masking.policy import PolicyError, Rule
from staging_copy.masking.rules import Rules
from staging_copy.postgres import Database

# Errors whose message explains the problem; of any other exception, only its kind and place are told.
EXPECTED_ERRORS = (ArchiveError, UnknownPath, RowsDiffer, PolicyError, AddressFound, psycopg2.Error)
_PROGRESS_EVERY = 64  # blocks of 128 KiB


@dataclass(frozen=True)
class Plan:
    """The settings that all tables of a copy share. Keys are hexadecimal, `now` is ISO 8601.

    `canaries` are known strings in live, which are counted before and after masking.
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
    """One table: its entry ID in the archive, its name in policies, its columns and rules."""

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
    """Loads tables, one at a time."""

    def __init__(self, plan: Plan) -> None:
        self._archive = Archive.open(Path(plan.archive))
        self._tables = {table.id: table for table in self._archive.tables}
        self._canaries = [canary.encode() for canary in plan.canaries]
        self._domain, self._allowed = plan.domain, plan.allowed
        self._now = datetime.fromisoformat(plan.now)
        self._rules = Rules(
            key=bytes.fromhex(plan.key),
            secret_key=bytes.fromhex(plan.secret_key),
            domain=plan.domain,
            pools=pools.read(Path(plan.pools)),
        )

    def load(self, connection: Any, task: Task) -> "LoadResult":
        """Masks and loads one table. Raises one of EXPECTED_ERRORS."""
        table = self._tables[task.id]
        masker = compile_table(task.table, task.columns, task.policy, self._rules, self._now)
        names = [column.name for column in task.columns]
        leak_check = LeakCheck(self._domain, self._allowed)
        result = LoadResult(task.id, changed=masker.changed, scan=leak_check.result)
        stream = _Stream(self._masked(table, masker, leak_check, names, result), result)
        with connection, connection.cursor() as cursor:
            # COPY FREEZE requires that the table was truncated in the same transaction.
            cursor.execute(f"TRUNCATE ONLY {table.qualified}")
            columns = ", ".join(map(quote, names))
            try:
                cursor.copy_expert(f"COPY {table.qualified} ({columns}) FROM STDIN (FREEZE)", stream, BLOCK)
            except psycopg2.Error as error:
                raise stream.error or error from None
            if cursor.rowcount != result.rows:
                raise ArchiveError(f"{result.rows} rows were sent, but {cursor.rowcount} were stored.")
        return result

    def _masked(
        self, table: TableData, masker: TableMasker, leak_check: LeakCheck, names: list[str], result: "LoadResult"
    ) -> Iterator[bytes]:
        for block in self._archive.rows(table):
            masked = masker.mask(block)
            leak_check.check(masked, masker.table, names)
            for canary in self._canaries:
                result.seen[canary.decode()] += block.count(canary)
                result.arrived[canary.decode()] += masked.count(canary)
            yield masked


@dataclass
class LoadResult:
    """The result of one table: rows loaded so far, canary counts before (`seen`) and after masking (`arrived`), how
    many values of each column were `changed`, and what the leak check found."""

    id: int
    rows: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    scan: ScanResult = field(default_factory=ScanResult)


class _Stream:
    """A file-like object for `copy_expert`. Returns one block per read, ignoring the requested size.

    psycopg2 sends the text of an exception to the server, in whose log nothing of live may stand. So `error` keeps it.
    """

    def __init__(self, blocks: Iterator[bytes], result: LoadResult) -> None:
        self._blocks = blocks
        self._result = result
        self._count = 0
        self.error: Exception | None = None

    def read(self, size: int) -> bytes:
        try:
            block = next(self._blocks, b"")
        except Exception as error:
            self.error = error
            raise RuntimeError from None
        self._result.rows += block.count(b"\n")
        self._count += 1
        if self._count % _PROGRESS_EVERY == 0:
            send_message(id=self._result.id, rows=self._result.rows)
        return block


def send_message(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def main() -> None:
    plan = Plan(**json.loads(sys.stdin.readline()))
    with closing(Database(plan.dsn, plan.password).open()) as connection:
        loader = Loader(plan)
        for line in sys.stdin:
            task = Task.from_json(line)
            try:
                result = loader.load(connection, task)
            except EXPECTED_ERRORS as error:
                send_message(error=type(error).__name__, message=f"{task.table}: {error}".strip())
                return
            except Exception as error:
                # A bug, whose text may hold a value of live; the message is recorded and sent to alert channels.
                [*_, place] = traceback.extract_tb(error.__traceback__)
                message = f"{task.table}: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
                send_message(error=type(error).__name__, message=message)
                return
            # `asdict` cannot copy a Counter.
            send_message(**vars(result) | {"scan": vars(result.scan)}, done=True)


if __name__ == "__main__":
    main()
