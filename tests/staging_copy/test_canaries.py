# ruff: noqa: S608  (the SQL is this file's own)
"""Plants a canary in every text and JSON column of live's schema; none may reach staging (L5, L7, N4).

The columns come from the schema and their rules from the policies, so new columns are covered automatically.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from staging_copy import policies, services
from staging_copy.backup.archive import quote
from staging_copy.copying import swap
from staging_copy.masking.policy import Rows, Rule
from staging_copy.postgres import Database
from tests.staging_copy.conftest import CopyDatabases

pytestmark = pytest.mark.system

ID = 7_000_000
# The preflight checks read it: unknown migrations stop the copy (test_preflight.py).
UNTOUCHED = {"django_migrations"}
TEXT = {"text", "character varying", "character"}
OTHERS: dict[str, Any] = {
    **dict.fromkeys(("smallint", "real", "double precision", "numeric"), 7),
    **dict.fromkeys(("integer", "bigint"), ID),
    **dict.fromkeys(("date", "timestamp with time zone", "time without time zone"), "now"),
    **{"boolean": False, "interval": "1 day", "bytea": b"canary", "uuid": "7" * 32, "xid8": "7", "inet": "192.0.2.77"},
}
# Shorter texts can occur by chance.
MIN_LENGTH = 6


@dataclass(frozen=True)
class Canary:
    """A unique text and its location. `kept`: a rule allows it on staging."""

    where: str
    text: str
    kept: bool


class CanaryPlanter:
    """Plants a row in each table of a database, with a canary in every text."""

    def __init__(self, copy_databases: CopyDatabases, database: Database) -> None:
        self.copy_databases = copy_databases
        self.database = database
        self.rules = policies.load().tables
        self.canaries: list[Canary] = []
        self._numbers = count(1000)  # of equal length, so that none is part of another

    def plant(self) -> None:
        for (statement,) in self.copy_databases.query(
            # Drop constraints, because canaries do not satisfy them.
            "SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', conrelid::regclass, conname)"
            " FROM pg_constraint"
            " WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace AND coninhcount = 0",
            on=self.database,
        ):
            self.copy_databases.execute(statement, on=self.database)
        for (table,) in self.copy_databases.query(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace",
            on=self.database,
        ):
            if table not in UNTOUCHED:
                self._plant_row(table)

    def _plant_row(self, table: str) -> None:
        columns = self.copy_databases.query(
            "SELECT column_name, CASE data_type WHEN 'ARRAY' THEN format_type(atttypid, NULL) ELSE data_type END,"
            " character_maximum_length FROM information_schema.columns JOIN pg_attribute"
            " ON attrelid = to_regclass(quote_ident(table_name)) AND attname = column_name"
            " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'",
            table,
            on=self.database,
        )
        values = [self._value(table, *column) for column in columns]
        self.copy_databases.execute(
            f"INSERT INTO {quote(table)} ({', '.join(quote(name) for name, _, _ in columns)}) OVERRIDING SYSTEM VALUE"
            f" VALUES ({', '.join(['%s'] * len(values))})",
            *values,
            on=self.database,
        )

    def _value(self, table: str, column: str, kind: str, limit: int | None) -> Any:
        rules = self.rules[table]
        rule = rules.columns[column] if rules.rows is Rows.COPY else "empty"
        where = f"{table}.{column}"
        if kind in TEXT:
            return self._text(where, rule, limit)
        if kind.removesuffix("[]") in TEXT:
            return [self._text(where, rule, None)]
        if kind in ("json", "jsonb"):
            return json.dumps(self._json(where, rule))
        return [OTHERS[kind[:-2]]] if kind.endswith("[]") else OTHERS[kind]

    def _text(self, where: str, rule: str, limit: int | None) -> str:
        """A word, and an address if it fits; with a `keep` rule, an address would stop the copy."""
        number = next(self._numbers)
        # The number comes early, so that a cut word is still unique; the rest keeps it from occurring by chance.
        word, address = f"Tw{number}canary", f"sylvester{number}@birds.example"
        arrives = rule.partition(":")[0] in ("keep", "scrub")
        text = self._planted(where, word[:limit], kept=arrives)
        if rule.startswith("keep") or (limit is not None and limit <= len(word) + len(address)):
            return text
        return f"{text} {self._planted(where, address, kept=False)}"

    def _json(self, where: str, rule: Rule) -> Any:
        if isinstance(rule, dict):
            return {key.replace("*", "other"): self._json(f"{where}.{key}", below) for key, below in rule.items()}
        if isinstance(rule, list):
            return [self._json(f"{where}[]", rule[0])]
        text = self._text(where, rule, None)
        return {"deep": [{"down": text}]} if rule.endswith(":tree") or rule in ("empty", "preserve") else text

    def _planted(self, where: str, text: str, *, kept: bool) -> str:
        self.canaries.append(Canary(where, text.lower(), kept))
        return text


@pytest.fixture
def canary_planter(copy_databases: CopyDatabases) -> Iterator[CanaryPlanter]:
    """A database with live's schema, whose constraints can be dropped."""
    planted_database = copy_databases.live.named(f"{copy_databases.staging.name}_aviary")
    connection.close()
    with copy_databases.live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{planted_database.name}" TEMPLATE "{copy_databases.live.name}"')
    yield CanaryPlanter(copy_databases, planted_database)
    swap.drop(copy_databases.staging, planted_database.name)


def test_only_canaries_that_a_rule_keeps_reach_staging(
    copy_databases: CopyDatabases, canary_planter: CanaryPlanter, tmp_path: Path
) -> None:
    canary_planter.plant()
    canary_planter.database.run("pg_dump", "--format=directory", f"--file={tmp_path / 'planted'}")
    backup = services.register_backup(folder=tmp_path / "planted", taken_at=timezone.now(), by=None)
    services.run_copy(copy=services.start_copy(backup=backup, by=None))
    content = "\n".join(
        str(row)
        for (table,) in copy_databases.query(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384"
        )
        for row in copy_databases.query(f"SELECT t::text FROM {table} AS t")
    ).lower()
    telling = [canary for canary in canary_planter.canaries if len(canary.text) >= MIN_LENGTH]
    assert [canary for canary in telling if canary.text in content and not canary.kept] == []
    # Proves that canaries were planted and found: those that a rule keeps did arrive.
    assert [canary for canary in telling if canary.text not in content and canary.kept] == []
    assert {canary.where.partition(".")[0] for canary in telling} >= {"orders_address", "accounts_user", "hub_change"}
