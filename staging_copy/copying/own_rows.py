# ruff: noqa: S608  (identifiers are quoted, and conditions are the policy's own SQL)
"""Restores staging's own rows in the new database, matched by stable key instead of primary key (L8).

Rows are transferred as COPY text, so values of every type stay unchanged. Rows that do not fit the new database's
columns and foreign keys are skipped and reported; they stay in the previous database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from staging_copy.backup.archive import quote
from staging_copy.masking.policy import Policy, Rows, TablePolicy
from staging_copy.postgres import Database


@dataclass
class RestoredRows:
    """The result for one table. `skipped` describes rows that could not be restored in the new database."""

    table: str
    updated: int = 0
    added: int = 0
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Reference:
    """A single-column foreign key from `column` to `target`.`target_column`."""

    column: str
    target: str
    target_column: str
    nullable: bool


def restore_rows(current: Database, side: Database, policy: Policy) -> list[RestoredRows]:
    """Copies staging's own rows from `current` into `side`, in one transaction."""
    with current.connect() as reader, side.connect() as writer, reader.cursor() as old, writer.cursor() as new:
        old.execute("SET default_transaction_read_only = on; SET search_path = public")
        new.execute("SET search_path = public")
        results = [
            _Table(rules, policy, old, new).restore_rows()
            for rules in _tables_with_own_rows(policy, new)
            if _exists_in_both(rules, old, new)
        ]
        # Deferred foreign keys allow restoring the tables in any order; check them all before the commit.
        new.execute("SET CONSTRAINTS ALL IMMEDIATE")
        writer.commit()
    return results


@contextmanager
def kept_rows(current: Database, side: Database, policy: Policy) -> Iterator[list[RestoredRows]]:
    """Replaces the rows of `kept` tables in `side` by those of `current`; the block then puts `side` in its place.

    Nobody can write these tables in `current` until the end of the block. A row that `current` doesn't have is deleted.
    """
    with current.connect() as reader, reader.cursor() as old:
        old.execute("SET search_path = public")
        with side.connect() as writer, writer.cursor() as new:
            new.execute("SET search_path = public")
            results = []
            for rules in (policy.tables[name] for name in sorted(policy.kept)):
                if _exists_in_both(rules, old, new):
                    old.execute(f"LOCK TABLE {quote(rules.table)} IN SHARE MODE")
                    new.execute(f"DELETE FROM {quote(rules.table)}")
                    results.append(_Table(rules, policy, old, new).restore_rows())
            new.execute("SET CONSTRAINTS ALL IMMEDIATE")
            writer.commit()
        yield results


def delete_kept_rows(side: Database, policy: Policy) -> None:
    """For a database that takes the place of one that is lost."""
    with side.connect() as connection, connection.cursor() as cursor:
        for table in sorted(policy.kept - _VALID_IN_BACKUPS):
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{quote(table)}"])
            if cursor.fetchone()[0]:
                cursor.execute(f"DELETE FROM public.{quote(table)}")
        connection.commit()


def _tables_with_own_rows(policy: Policy, new: Any) -> list[TablePolicy]:
    """Tables with rows or columns of staging's own, those with key-matched rows first, and each after those that it
    references.
    """
    tables = [
        rules
        for rules in policy.tables.values()
        if rules.rows is Rows.PRESERVE or rules.own or rules.preserved_columns()
    ]
    waiting = {
        rules.table: rules for rules in sorted(tables, key=lambda rules: (rules.rows is Rows.PRESERVE, rules.table))
    }
    ordered: list[TablePolicy] = []

    def add(table: str) -> None:
        rules = waiting.pop(table, None)
        if rules is None:
            return
        for reference in _references(new, table):
            add(reference.target)
        ordered.append(rules)

    while waiting:
        add(next(iter(waiting)))
    return ordered


def _exists_in_both(rules: TablePolicy, old: Any, new: Any) -> bool:
    exists = []
    for cursor in (old, new):
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{quote(rules.table)}"])
        exists.append(cursor.fetchone()[0])
    return all(exists)


class _Table:
    """Restores one table. The temporary tables `own_…` in the new database contain staging's rows."""

    def __init__(self, rules: TablePolicy, policy: Policy, old: Any, new: Any) -> None:
        self.rules = rules
        self.policy = policy
        self.old = old
        self.new = new
        self.name = rules.table
        present = set(_columns(old, self.name))
        self.columns = [column for column in _columns(new, self.name) if column in present]
        self.primary = _primary_key(new, self.name)
        self.own = f"own_{self.name}"

    def restore_rows(self) -> RestoredRows:
        condition = self.rules.own or "true"
        self._fetch(self.own, self.name, self.columns, condition)
        result = RestoredRows(self.name)
        self._resolve_references(result)
        if self.rules.rows is Rows.PRESERVE:
            result.added = self._add(self.columns, "true")
            self._advance_sequence()
            return result
        result.updated = self._update()
        if self.rules.own:
            result.added = self._add([column for column in self.columns if column not in self.primary], _MISSING)
        return result

    def _fetch(self, temporary: str, table: str, columns: list[str], condition: str) -> None:
        listed = ", ".join(map(quote, columns))
        content = BytesIO()
        self.old.copy_expert(f"COPY (SELECT {listed} FROM {quote(table)} WHERE {condition}) TO STDOUT", content)
        self.new.execute(
            f"CREATE TEMPORARY TABLE {quote(temporary)} ON COMMIT DROP AS"
            f" SELECT {listed} FROM {quote(table)} WITH NO DATA"
        )
        content.seek(0)
        self.new.copy_expert(f"COPY {quote(temporary)} ({listed}) FROM STDIN", content)

    def _resolve_references(self, result: RestoredRows) -> None:
        """Maps foreign keys to the new database; rows whose target does not exist there are skipped."""
        for reference in _references(self.new, self.name):
            if reference.column not in self.columns or reference.target == self.name:
                continue
            target = self.policy.tables.get(reference.target)
            if target is not None and target.rows is Rows.PRESERVE and self.rules.rows is Rows.PRESERVE:
                continue
            column = quote(reference.column)
            unresolved = f"{column} IS NOT NULL AND NOT EXISTS (SELECT FROM resolved WHERE resolved.old = own.{column})"
            self._map_reference(reference, target)
            if reference.nullable and (target is None or not target.key):
                self.new.execute(f"UPDATE {quote(self.own)} AS own SET {column} = NULL WHERE {unresolved}")
            else:
                key_columns = ", ".join(map(quote, self.rules.key or self.primary))
                self.new.execute(
                    f"DELETE FROM {quote(self.own)} AS own WHERE {unresolved} RETURNING ({key_columns})::text"
                )
                result.skipped += [
                    f"{key}: the target of {reference.column} does not exist" for (key,) in self.new.fetchall()
                ]
            self.new.execute(
                f"UPDATE {quote(self.own)} AS own SET {column} = resolved.new"
                f" FROM resolved WHERE resolved.old = own.{column}"
            )
            self.new.execute("DROP TABLE resolved")

    def _map_reference(self, reference: _Reference, target: TablePolicy | None) -> None:
        """Creates the temporary table `resolved`, which maps staging's foreign key values to those of the new database.

        Without a key the rows of the target cannot be matched, so the table stays empty.
        """
        target_key = quote(reference.target_column)
        if target is None or not target.key:
            self.new.execute(
                f"CREATE TEMPORARY TABLE resolved ON COMMIT DROP AS"
                f" SELECT {target_key} AS old, {target_key} AS new FROM {quote(reference.target)} WITH NO DATA"
            )
            return
        keys = f"keys_{reference.target}"
        self.new.execute(f"DROP TABLE IF EXISTS {quote(keys)}")
        self._fetch(keys, reference.target, [reference.target_column, *target.key], "true")
        matching = " AND ".join(f"there.{quote(key)} = here.{quote(key)}" for key in target.key)
        self.new.execute(
            f"CREATE TEMPORARY TABLE resolved ON COMMIT DROP AS "
            f"SELECT there.{target_key} AS old, here.{target_key} AS new"
            f" FROM {quote(keys)} AS there JOIN {quote(reference.target)} AS here ON {matching}"
        )

    def _matching(self) -> str:
        return " AND ".join(f"own.{quote(key)} = new.{quote(key)}" for key in self.rules.key)

    def _update(self) -> int:
        wanted = self.rules.preserved_columns() or [
            column for column in self.columns if column not in (*self.primary, *self.rules.key)
        ]
        assignments = ", ".join(f"{quote(name)} = own.{quote(name)}" for name in wanted if name in self.columns)
        self.new.execute(
            f"UPDATE {quote(self.name)} AS new SET {assignments} FROM {quote(self.own)} AS own WHERE {self._matching()}"
        )
        return int(self.new.rowcount)

    def _add(self, columns: list[str], condition: str) -> int:
        listed = ", ".join(map(quote, columns))
        if condition == _MISSING:
            condition = f"NOT EXISTS (SELECT FROM {quote(self.name)} AS new WHERE {self._matching()})"
        self.new.execute(
            f"INSERT INTO {quote(self.name)} ({listed}) OVERRIDING SYSTEM VALUE"
            f" SELECT {listed} FROM {quote(self.own)} AS own WHERE {condition}"
        )
        return int(self.new.rowcount)

    def _advance_sequence(self) -> None:
        """Sets the sequence above the IDs of the restored rows."""
        for column in self.primary:
            self.new.execute("SELECT pg_get_serial_sequence(%s, %s)", [f"public.{quote(self.name)}", column])
            (sequence,) = self.new.fetchone()
            if sequence:
                self.new.execute(
                    f"SELECT setval(%s, GREATEST((SELECT MAX({quote(column)}) FROM {quote(self.name)}), 1))", [sequence]
                )


_MISSING = "missing"
# What was erased stays erased, whichever backup says so.
_VALID_IN_BACKUPS = {"privacy_erasure", "privacy_privacyrequest"}


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [f"public.{quote(table)}"],
    )
    return [name for (name,) in cursor.fetchall()]


def _primary_key(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
        " WHERE indisprimary AND indrelid = to_regclass(%s)",
        [f"public.{quote(table)}"],
    )
    return [name for (name,) in cursor.fetchall()]


def _references(cursor: Any, table: str) -> list[_Reference]:
    cursor.execute(
        "SELECT here.attname, target.relname, there.attname, NOT here.attnotnull FROM pg_constraint"
        " JOIN pg_class AS target ON target.oid = confrelid"
        " JOIN pg_attribute AS here ON here.attrelid = conrelid AND here.attnum = conkey[1]"
        " JOIN pg_attribute AS there ON there.attrelid = confrelid AND there.attnum = confkey[1]"
        " WHERE contype = 'f' AND cardinality(conkey) = 1 AND conrelid = to_regclass(%s) ORDER BY 1",
        [f"public.{quote(table)}"],
    )
    return [_Reference(*row) for row in cursor.fetchall()]
