"""Masking policies: what happens to each table and column in a copy to staging. Defines their format and parser.

A policy is plain data in `<app>/policy.py`, without imports (reference: docs/staging-copy.md):

    POLICY = {                                # every table and column; a missing rule stops the copy
        "orders_customer": {
            "id": "keep",
            "email": "mask:email",
            "note": "mask:text",
            "extra": {"phone": "mask:phone", "lines": [{"sku": "keep"}], "*": "scrub"},
        },
        "django_session": {"*": "empty"},     # no rows
        "hub_platformswitch": {"*": "preserve"},  # staging's own rows instead of live's
    }
    RETENTION = {"orders_customer": "forever", ...}   # how long live keeps rows, for every table
    KEYS = {"hub_connection": ("slug",)}      # columns that identify a row in both databases
    OWN = {"hub_connection": "true"}          # SQL condition: staging rows to restore even if live lacks them
    RETIRED = ("orders_customer.fax",)        # names with rules that only older archives contain
    KEPT = ("connectors_oauthtokens",)        # `preserve` tables whose rows no older database ever replaces

Rules of a column:

    keep            unchanged; an email address in it stops the copy
    scrub           unchanged, except that email addresses are replaced by NUMBER@domain
    mask:KIND       replaced; KIND is one of MASKS
    empty           NULL, or the empty value of a column that may not be NULL
    set:TEXT        this value in every row (`now`: the time of the copy)
    preserve        staging's own value, from the row with the same key; `empty` in rows that staging lacks
    preserve:TEXT   the same, with TEXT in rows that staging lacks (`now`: the time; `random`: as mask:secret)

The rule of a JSON column has the shape of its values: {key: rule, "*": rule for any other key}, [rule for every
element], or a rule for a scalar. A value of another shape, or a key without a rule, stops the copy. `keep:tree`
and `scrub:tree` allow any content.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from django.apps import apps

# Policies of this app, whose `policy` module is the parser, and of third-party apps.
_HERE = ("staging_copy.own_policy", "staging_copy.third_party_policy")

MASKS = frozenset(
    ("email", "first_name", "last_name", "name", "company", "phone", "street", "city", "postcode")
    + ("tax_id", "iban", "bank", "text", "ip", "url", "secret", "password")
)
_PLAIN = frozenset({"keep", "keep:tree", "scrub", "scrub:tree", "empty", "preserve"})
_RETENTION = re.compile(
    r"forever|(?P<days>[1-9]\d*) days by (?P<column>\w+)|partition (?P<partition>[1-9]\d*) days"
    r"|with (?P<parent>\w+)"
)

# The rule of a column: a string, or for JSON a structure in the shape of the values.
Rule = str | dict[str, Any] | list[Any]


class PolicyError(Exception):
    """A rule is invalid. `where` is its table, column or JSON path."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where


class Rows(StrEnum):
    """Which rows a table on staging contains after a copy: live's, none, or staging's own."""

    COPY = "copy"
    EMPTY = "empty"
    PRESERVE = "preserve"


@dataclass(frozen=True)
class Retention:
    """How long live keeps a table's rows: `days` by `column` or partition, as long as `parent`, or forever."""

    days: int | None = None
    column: str | None = None
    parent: str | None = None

    @property
    def by_partition(self) -> bool:
        return self.days is not None and self.column is None


@dataclass(frozen=True)
class TablePolicy:
    """The rules of one table. `key` and `own` are empty if no rows of staging are restored."""

    table: str
    rows: Rows = Rows.COPY
    columns: Mapping[str, Rule] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    own: str = ""

    def preserved_columns(self) -> list[str]:
        return [name for name, rule in self.columns.items() if verb(rule) == "preserve"]


@dataclass(frozen=True)
class Policy:
    """The rules of all tables, including `retired` names (`table` or `table.column`).

    Rows of `kept` tables stay those of the database in use, also after a rollback or the restore of a backup.
    """

    tables: Mapping[str, TablePolicy]
    retention: Mapping[str, Retention]
    retired: frozenset[str]
    kept: frozenset[str] = frozenset()


def verb(rule: Rule) -> str:
    """The part of a rule before the colon; `json` for a rule by path."""
    return rule.partition(":")[0] if isinstance(rule, str) else "json"


def argument(rule: Rule) -> str:
    """The part of a rule after the colon; empty if there is none."""
    return rule.partition(":")[2] if isinstance(rule, str) else ""


def load() -> Policy:
    """The policies of all installed apps and third-party tables. Raises PolicyError for the first mistake."""
    policy, errors = collect()
    if errors:
        raise errors[0]
    return policy


def collect() -> tuple[Policy, list[PolicyError]]:
    """Like `load`, but returns all mistakes instead of raising the first; invalid policies are left out."""
    return parse(_modules())


def parse(sources: Iterable[Any]) -> tuple[Policy, list[PolicyError]]:
    """Combines the policies of modules (or any objects with the attributes POLICY, RETENTION, …)."""
    tables: dict[str, TablePolicy] = {}
    retention: dict[str, Retention] = {}
    retired: set[str] = set()
    kept: set[str] = set()
    errors: list[PolicyError] = []
    for source in sources:
        keys: Mapping[str, tuple[str, ...]] = getattr(source, "KEYS", {})
        own: Mapping[str, str] = getattr(source, "OWN", {})
        retired |= set(getattr(source, "RETIRED", ()))
        kept |= set(getattr(source, "KEPT", ()))
        for table, columns in getattr(source, "POLICY", {}).items():
            try:
                if table in tables:
                    raise PolicyError(table, "this table has two policies; keep the one in the app that owns it")
                tables[table] = _table(table, columns, tuple(keys.get(table, ())), own.get(table, ""))
            except PolicyError as error:
                errors.append(error)
        for table, text in getattr(source, "RETENTION", {}).items():
            try:
                retention[table] = _retention(table, text)
            except PolicyError as error:
                errors.append(error)
        for name in keys.keys() | own.keys():
            if name not in getattr(source, "POLICY", {}):
                errors.append(PolicyError(name, "KEYS or OWN names a table that is missing in POLICY"))
    for name in sorted(kept):
        if name not in tables or tables[name].rows is not Rows.PRESERVE:
            errors.append(PolicyError(name, 'KEPT names a table whose policy is not {"*": "preserve"}'))
    return Policy(tables, retention, frozenset(retired), frozenset(kept)), errors


def _modules() -> Iterator[ModuleType]:
    for config in apps.get_app_configs():
        name = f"{config.name}.policy"
        if find_spec(name):
            module = import_module(name)
            if hasattr(module, "POLICY"):
                yield module
    yield from map(import_module, _HERE)


def _table(table: str, columns: Any, key: tuple[str, ...], own: str) -> TablePolicy:
    if not isinstance(columns, dict) or not columns:
        raise PolicyError(table, 'expected {column: rule, …} or {"*": "empty"} or {"*": "preserve"}')
    if "*" in columns:
        if len(columns) > 1 or columns["*"] not in (Rows.EMPTY, Rows.PRESERVE):
            raise PolicyError(table, '"*" must be the only key, with the value "empty" or "preserve"')
        return TablePolicy(table, Rows(columns["*"]), {}, key, own)
    for name, rule in columns.items():
        check_rule(rule, f"{table}.{name}")
    policy = TablePolicy(table, Rows.COPY, columns, key, own)
    if not key and (own or policy.preserved_columns()):
        raise PolicyError(table, "staging's own values are restored by key: add the key columns to KEYS")
    return policy


def check_rule(rule: Any, where: str) -> None:
    """Raises PolicyError if `rule` is not a valid rule for a column or JSON path."""
    if isinstance(rule, dict):
        for key, below in rule.items():
            check_rule(below, f"{where}.{key}")
    elif isinstance(rule, list):
        if len(rule) != 1:
            raise PolicyError(where, "a list must contain one rule, which applies to all elements")
        check_rule(rule[0], f"{where}[]")
    elif not isinstance(rule, str):
        raise PolicyError(where, f"{rule!r} is not a rule")
    elif verb(rule) == "mask" and argument(rule) not in MASKS:
        raise PolicyError(where, f"{rule!r}: unknown mask; use one of {', '.join(sorted(MASKS))}")
    elif rule not in _PLAIN and verb(rule) not in ("mask", "set", "preserve"):
        raise PolicyError(where, f"{rule!r} is not a rule")


def _retention(table: str, text: Any) -> Retention:
    match = _RETENTION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise PolicyError(
            table,
            f"{text!r} is not a valid retention: use `forever`, `90 days by created_at`, `partition 30 days`, "
            "or `with orders_order` for rows deleted with their parent",
        )
    if match["partition"]:
        return Retention(days=int(match["partition"]))
    return Retention(int(match["days"]) if match["days"] else None, match["column"], match["parent"])
