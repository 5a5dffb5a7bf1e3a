"""Compiles the rules of one table into a function from COPY text to masked COPY text.

Blocks are masked column by column: splitting and joining happens in C, and kept columns are never inspected.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import ne

from staging_copy.backup.copy_text import NULL, escape, unescape
from staging_copy.masking import addresses, contacts
from staging_copy.masking.json_mask import JsonMask
from staging_copy.masking.policy import PolicyError, Rule, argument, verb
from staging_copy.masking.rules import Mask, Rules

TEXT_TYPES = frozenset({"text", "character varying", "character", "citext", "name"})
JSON_TYPES = frozenset({"json", "jsonb"})
# The empty value of columns that may not be NULL.
_EMPTY_VALUES = {
    **dict.fromkeys(TEXT_TYPES, b""),
    **dict.fromkeys(JSON_TYPES, b"{}"),
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision"), b"0"),
    **{"boolean": b"f", "bytea": rb"\\x"},
}
# Types whose values contain no free text, or text that the leak check can read.
_KNOWN_TYPES = (
    TEXT_TYPES
    | JSON_TYPES
    | _EMPTY_VALUES.keys()
    | {"date", "interval", "uuid", "inet", "cidr", "macaddr", "oid", "xid8", "money", "bit", "bit varying"}
    # The labels of enums are searched with the other definitions.
    | {"enum"}
    | {f"{kind}{form}" for kind in ("int4", "int8", "num", "date", "ts", "tstz") for form in ("range", "multirange")}
    | {f"{name} {zone} time zone" for name in ("time", "timestamp") for zone in ("with", "without")}
)
# Kinds with few distinct values per table, so that caching pays off.
_CACHED_KINDS = frozenset({"first_name", "last_name", "name", "company", "city"})
_MAX_CACHED_LENGTH = 100
_MAX_CACHED_VALUES = 5_000
# Array bounds that do not begin at 1, as PostgreSQL writes them: `[0:1]={a,b}`.
_BOUNDS = re.compile(rb"(?:\[-?\d+:-?\d+\])+=")
_ARRAY_ELEMENT = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^{},"]+)', re.DOTALL)

ColumnFunction = Callable[[Sequence[bytes]], Sequence[bytes]]


class RowsDiffer(Exception):
    """The number of fields in a line differs from the number of columns."""


@dataclass(frozen=True)
class Column:
    """A column as in PostgreSQL's catalog. `type` is `format_type` without the length, `limit` is the length."""

    name: str
    type: str
    nullable: bool = True
    limit: int | None = None

    @property
    def element_type(self) -> str:
        return self.type.removesuffix("[]")


class FieldMask(dict[bytes, bytes]):
    """A mask for COPY fields, with a cache: masking a known value is a single dict lookup."""

    def __init__(self, mask: Mask, limit: int | None = None) -> None:
        super().__init__()
        self._mask = mask
        self._limit = limit

    def __missing__(self, raw: bytes) -> bytes:
        if not raw or raw == NULL:
            return raw
        masked = escape(_truncate(self._mask(unescape(raw)), self._limit))
        if len(raw) <= _MAX_CACHED_LENGTH:
            if len(self) >= _MAX_CACHED_VALUES:
                self.clear()
            self[raw] = masked
        return masked

    def column(self, values: Sequence[bytes]) -> Sequence[bytes]:
        return list(map(self.__getitem__, values))


def _truncate(value: bytes, limit: int | None) -> bytes:
    """Cuts a masked value to the length of its column, before an address rather than in it."""
    if limit is None or len(value) <= limit:
        return value
    text = value.decode()
    if len(text) <= limit:
        return value
    cut = text[:limit].encode()
    for found in addresses.find(value):
        if found.start < len(cut) < found.end:
            # Half an address could look like one at another domain. Digits look like none.
            return value[: found.start].rstrip() or found.local[:limit]
    return cut


def _mask_uncached(kind: str, rules: Rules, limit: int | None) -> ColumnFunction:
    """A mask for values that rarely repeat: masks a whole column at once, without a cache.

    The output of these masks never needs escaping.
    """

    def column(values: Sequence[bytes]) -> Sequence[bytes]:
        present = [unescape(raw) if b"\\" in raw else raw for raw in values if raw and raw != NULL]
        masked = rules.mask_many(kind, present)
        if limit is not None:
            masked = [_truncate(value, limit) for value in masked]
        if len(present) == len(values):
            return masked
        following = iter(masked)
        return [next(following) if raw and raw != NULL else raw for raw in values]

    return column


def _unique_email(rules: Rules) -> Mask:
    """A mask for one column, as `mask:email`; of several spellings of an address, the first has its number."""
    mask, spellings = rules.mask("email"), dict[bytes, bytes]()

    def unique(value: bytes) -> bytes:
        masked = mask(value)
        return masked if spellings.setdefault(masked, value) == value else mask(value.hex().encode())

    return unique


def _scrub_column(mask: Mask, limit: int | None, *, with_contacts: bool) -> ColumnFunction:
    """For a mask that changes only addresses and contacts: inspects only values that can contain one."""
    scrub = FieldMask(mask, limit)

    def column(values: Sequence[bytes]) -> Sequence[bytes]:
        joined = b"\t".join(values)
        if with_contacts and contacts.may_hold_contact(joined):
            return [
                scrub[raw] if addresses.may_hold_address(raw) or contacts.may_hold_contact(raw) else raw
                for raw in values
            ]
        if addresses.has_encoded_at_sign(joined):
            return [scrub[raw] if addresses.may_hold_address(raw) else raw for raw in values]
        return [scrub[raw] if b"@" in raw else raw for raw in values] if b"@" in joined else values

    return column


def _array_mask(mask: Mask, limit: int | None) -> Mask:
    """A mask for the text of an array: `{plain,"quoted, with \\"escapes\\"",NULL}`. `limit` is that of an element."""

    def element(match: re.Match[bytes]) -> bytes:
        quoted, plain = match.groups()
        if plain is not None and plain.upper() == b"NULL":
            return plain
        value = plain if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted, flags=re.DOTALL)
        masked = _truncate(mask(value), limit) if value else value
        return b'"' + re.sub(rb'(["\\])', rb"\\\1", masked) + b'"'

    def array(value: bytes) -> bytes:
        bounds = _BOUNDS.match(value)
        start = bounds.end() if bounds else 0
        return value[:start] + _ARRAY_ELEMENT.sub(element, value[start:])

    return array


@dataclass
class TableMasker:
    """The compiled rules of one table. `changes` maps column positions to functions; other columns are kept."""

    table: str
    width: int
    changes: dict[int, ColumnFunction] = field(default_factory=dict)
    only_addresses: bool = True
    names: list[str] = field(default_factory=list)
    # How many values of each column the rules have changed so far.
    changed: Counter[str] = field(default_factory=Counter)

    def mask(self, block: bytes) -> bytes:
        """Masks a block of whole lines. Raises RowsDiffer, and the errors of the rules."""
        rows = block.count(b"\n")
        if block.count(b"\t") != rows * (self.width - 1):
            raise self._rows_differ()
        if not self.changes or (self.only_addresses and not addresses.may_hold_address(block)):
            return block
        # Split the whole block at once: each line break ends up at the start of the next line's first field.
        fields = block[:-1].replace(b"\n", b"\t\n").split(b"\t")
        if b"".join(fields[self.width :: self.width]).count(b"\n") != rows - 1:
            raise self._rows_differ()
        for position, change in self.changes.items():
            if position:
                before: Sequence[bytes] = fields[position :: self.width]
            else:
                before = b"".join(fields[:: self.width]).split(b"\n")
            after = change(before)
            if after is before:
                continue
            self.changed[self.names[position]] += sum(map(ne, before, after))
            fields[position :: self.width] = after if position else b"\t\n".join(after).split(b"\t")
        return b"\t".join(fields).replace(b"\t\n", b"\n") + b"\n"

    def _rows_differ(self) -> RowsDiffer:
        return RowsDiffer(f"{self.table}: at least one line in the archive does not have {self.width} fields.")


def compile_table(
    table: str, columns: Sequence[Column], policy: Mapping[str, Rule], rules: Rules, now: datetime
) -> TableMasker:
    """Compiles the masker of a table. `columns` are in the order of the archive.

    Raises PolicyError for a column without a rule, of an unknown type, or with a rule that does not fit its type (N3).
    """
    check_columns(table, columns, policy)
    masker = TableMasker(table, len(columns), names=[column.name for column in columns])
    for position, column in enumerate(columns):
        where, rule = f"{table}.{column.name}", policy[column.name]
        change = _column_function(column, rule, rules, now, where)
        if change is not None:
            masker.changes[position] = change
            masker.only_addresses &= rule in ("scrub", "scrub:unique")
    return masker


def check_columns(table: str, columns: Sequence[Column], policy: Mapping[str, Rule]) -> None:
    """Raises PolicyError for a column without a rule, of an unknown type, or with a rule that does not fit its type."""
    for column in columns:
        where = f"{table}.{column.name}"
        if column.name not in policy:
            raise PolicyError(where, "this column has no masking rule")
        check_type(column, policy[column.name], where)


def check_type(column: Column, rule: Rule, where: str) -> None:
    """Raises PolicyError if the rule does not fit the column's type."""
    word = verb(rule)
    if word in ("empty", "set", "preserve"):
        return
    if column.element_type not in _KNOWN_TYPES:
        raise PolicyError(where, f"type {column.type} can only be `empty`, `set:…` or `preserve`, not {rule!r}")
    if column.element_type in JSON_TYPES:
        if word != "json" and argument(rule) != "tree":
            raise PolicyError(where, f"a JSON column needs rules by path or `:tree`, not {rule!r}")
    elif word == "json" or argument(rule) == "tree":
        raise PolicyError(where, f"type {column.type} has no JSON paths")
    elif rule == "mask:ip" and column.type == "inet":
        return
    elif word in ("mask", "scrub") and column.element_type not in TEXT_TYPES:
        raise PolicyError(where, f"{rule!r} needs a text column, and this is {column.type}")


def _column_function(column: Column, rule: Rule, rules: Rules, now: datetime, where: str) -> ColumnFunction | None:
    word = verb(rule)
    if rule in ("keep", "keep:tree"):
        return None
    if rule == "preserve:random":
        return _mask_uncached("secret", rules, column.limit)
    if word in ("empty", "set", "preserve"):
        constant = _constant(column, rule, now, where)
        return lambda values: [constant] * len(values)
    kind, limit, is_array = argument(rule), column.limit, column.type.endswith("[]")
    if word == "scrub" and kind != "tree":
        scrub = {"": rules.scrub, "unique": rules.scrub_unique, "contacts": rules.scrub_contacts}[kind]
        mask, limit = (_array_mask(scrub, limit), None) if is_array else (scrub, limit)
        return _scrub_column(mask, limit, with_contacts=rule == "scrub:contacts")
    if column.type in JSON_TYPES:
        json_mask = JsonMask(rule, rules, where)
        if rule == "scrub:tree":
            return _scrub_column(json_mask, None, with_contacts=True)
        return FieldMask(json_mask).column
    if kind in ("email", "unique_email") and limit is not None and limit < len(rules.domain) + 21:
        raise PolicyError(where, f"NUMBER@{rules.domain.decode()} does not fit into {limit} characters")
    if kind == "unique_email":
        return FieldMask(_unique_email(rules), limit).column
    if is_array:
        return FieldMask(_array_mask(rules.mask(kind), limit)).column
    if kind in _CACHED_KINDS:
        return FieldMask(rules.mask(kind), limit).column
    return _mask_uncached(kind, rules, limit)


def _constant(column: Column, rule: Rule, now: datetime, where: str) -> bytes:
    """The constant that the rule writes to every row (`preserve`: until staging's own value is restored)."""
    text = argument(rule)
    if text:
        return now.isoformat().encode() if text == "now" else escape(text.encode())
    if verb(rule) == "set":
        return b""
    if column.nullable:
        return NULL
    if column.type.endswith("[]"):
        return b"{}"
    if column.type not in _EMPTY_VALUES:
        raise PolicyError(where, f"type {column.type} has no empty value, and the column may not be NULL")
    return _EMPTY_VALUES[column.type]
