"""Masking policies: what happens to each table and column in a copy to staging. Defines their format and parser.

A policy is plain data in `<app>/policy.py`, without imports (reference: docs/masking.md):

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
    scrub:unique    as scrub, and different spellings of an address stay different, for unique columns
    scrub:contacts  as scrub, and phone numbers and IBANs are replaced too
    mask:KIND       replaced; KIND is one of MASKS
    mask:unique_email  as mask:email, for unique columns: of two spellings of an address, the second gets another number
    empty           NULL, or the empty value of a column that may not be NULL
    set:TEXT        this value in every row (`now`: the time of the copy)
    preserve        staging's own value, from the row with the same key; `empty` in rows that staging lacks
    preserve:TEXT   the same, with TEXT in rows that staging lacks (`now`: the time; `random`: as mask:secret)

The rule of a JSON column has the shape of its values: {key: rule, "*": rule for any other key}, [rule for every
element], or a rule for a scalar. A value of another shape, or a key without a rule, stops the copy. `keep:tree`
and `scrub:tree` (which replaces what scrub:contacts replaces) allow any content.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hub.retention import InvalidRetention, Retention, parse_retention

MASKS = frozenset(
    ("email", "first_name", "last_name", "name", "company", "phone", "street", "city", "postcode")
    + ("tax_id", "iban", "bank", "text", "ip", "url", "secret", "password")
)
_PLAIN = frozenset(
    ("keep", "keep:tree", "scrub", "scrub:unique", "scrub:contacts", "scrub:tree", "empty", "preserve")
    + ("mask:unique_email",)
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
                retention[table] = parse_retention(text)
            except InvalidRetention as error:
                errors.append(PolicyError(table, str(error)))
        for name in keys.keys() | own.keys():
            if name not in getattr(source, "POLICY", {}):
                errors.append(PolicyError(name, "KEYS or OWN names a table that is missing in POLICY"))
    for name in sorted(kept):
        if name not in tables or tables[name].rows is not Rows.PRESERVE:
            errors.append(PolicyError(name, 'KEPT names a table whose policy is not {"*": "preserve"}'))
    return Policy(tables, retention, frozenset(retired), frozenset(kept)), errors


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
    elif rule in _PLAIN:
        return
    elif verb(rule) == "mask" and argument(rule) not in MASKS:
        raise PolicyError(where, f"{rule!r}: unknown mask; use one of {', '.join(sorted(MASKS))}")
    elif verb(rule) not in ("mask", "set", "preserve"):
        raise PolicyError(where, f"{rule!r} is not a rule")
