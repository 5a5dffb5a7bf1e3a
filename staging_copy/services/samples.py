"""Values before and after masking, for people who may see both: read from the backup and from staging, never stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event
from staging_copy import policies
from staging_copy.backup.archive import Archive, TableData, quote
from staging_copy.backup.copy_text import NULL, unescape
from staging_copy.copying.config import Config
from staging_copy.masking.policy import Policy, Rows, Rule, argument, verb
from staging_copy.models import Copy
from staging_copy.services.copies import latest_in_place

PERMISSION = "staging_copy.view_samples"
_PER_COLUMN = 3
_MAX_LENGTH = 300
# Values that open something are not shown, and staging's own values have nothing to do with live's.
_HIDDEN = ("secret", "password", "bank", "iban")


@dataclass(frozen=True)
class Sample:
    """One value. `before` is None if it must not be shown."""

    rule: str
    column: str
    row: str
    before: str | None
    after: str


def samples(*, copy: Copy, by: User | None) -> list[Sample]:
    """Up to three values of each masked column, by rule.

    Raises ValueError if staging is no longer this copy, and ArchiveError if its backup is not on this machine.
    """
    if copy.state not in Copy.IN_PLACE or latest_in_place() != copy or copy.backup is None:
        raise ValueError(
            _("Samples can be shown while staging is this copy. Roll back to it, or open the latest copy.")
        )
    archive = Archive.open(Path(settings.BACKUP_DIR) / copy.backup.name)
    record_audit_event(user=by, action="copy.samples", target=copy)
    found = list(_samples(archive, policies.load()))
    return sorted(found, key=lambda sample: (sample.rule, sample.column))


def _samples(archive: Archive, policy: Policy) -> Iterator[Sample]:
    staging, seen = Config.from_settings().staging, set()
    with staging.connect() as connection, connection.cursor() as cursor:
        for table in archive.tables:
            rules = policy.tables.get(table.root)
            if rules is None or rules.rows is not Rows.COPY or "id" not in table.columns:
                continue
            masked = {name: rule for name, rule in rules.columns.items() if _is_masked(rule) and name in table.columns}
            if masked and table.root not in seen:
                seen.add(table.root)
                yield from _table_samples(cursor, archive, table, masked)


def _table_samples(cursor: Any, archive: Archive, table: TableData, rules: dict[str, Rule]) -> Iterator[Sample]:
    block = next(archive.rows(table), b"")
    rows = [dict(zip(table.columns, line.split(b"\t"), strict=False)) for line in block.splitlines()[:200]]
    names = ", ".join(f"{quote(name)}::text" for name in rules)
    cursor.execute(
        f"SELECT id::text, {names} FROM {table.qualified} WHERE id::text = ANY(%s)",  # noqa: S608  (quoted)
        [[row["id"].decode() for row in rows]],
    )
    after = {key: dict(zip(rules, values, strict=True)) for key, *values in cursor.fetchall()}
    for name, rule in rules.items():
        count = 0
        for row in rows:
            key, raw = row["id"].decode(), row[name]
            if raw in (b"", b"{}", b"[]", NULL) or key not in after or count == _PER_COLUMN:
                continue
            before, now = unescape(raw).decode(errors="replace"), after[key][name] or ""
            if verb(rule) == "scrub" and before == now:
                continue
            hidden = _is_hidden(rule)
            count += 1
            yield Sample(
                rule if isinstance(rule, str) else _("by path"),
                f"{table.root}.{name}",
                key,
                None if hidden else before[:_MAX_LENGTH],
                "" if hidden else now[:_MAX_LENGTH],
            )


def _is_hidden(rule: Rule) -> bool:
    if isinstance(rule, dict):
        return any(map(_is_hidden, rule.values()))
    if isinstance(rule, list):
        return any(map(_is_hidden, rule))
    return argument(rule) in _HIDDEN or verb(rule) == "preserve"


def _is_masked(rule: Rule) -> bool:
    return verb(rule) in ("mask", "scrub", "json", "empty") and rule != "keep:tree"
