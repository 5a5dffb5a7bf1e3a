"""What an archive needs of the server that it is restored on: extensions, roles, tablespaces, a superuser."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from staging_copy.backup.archive import Archive, Entry, identifiers

# CREATE POLICY name ON schema.table [AS RESTRICTIVE] [FOR command] [TO role, …] [USING (…)] [WITH CHECK (…)];
_NAME = r'(?:"(?:[^"]|"")*"|[^"\s,.;]+)'
_POLICY_ROLES = re.compile(
    rf"CREATE POLICY {_NAME} ON {_NAME}(?:\.{_NAME})?(?: AS \w+)?(?: FOR \w+)? TO (?P<roles>{_NAME}(?:, {_NAME})*)"
)
# https://www.postgresql.org/docs/current/sql-commands.html, the privileges of each CREATE command.
_SUPERUSER_KINDS = frozenset(
    ("ACCESS METHOD", "FOREIGN DATA WRAPPER", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURAL LANGUAGE")
    + ("TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE", "TRANSFORM")
)
_FUNCTION_KINDS = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE"})
# pg_dump writes it behind CREATE TABLE.
_FORCED = re.compile(r"^ALTER TABLE ONLY .+ FORCE ROW LEVEL SECURITY;$", re.MULTILINE)
_C_LANGUAGE = re.compile(r"^    LANGUAGE (?:c|internal)\b", re.MULTILINE)


@dataclass(frozen=True)
class ArchiveNeeds:
    """Names that must exist on the server. `superuser_objects` can only be created by a superuser.

    `forced_tables` hide rows from their owner as well (FORCE ROW LEVEL SECURITY).
    """

    extensions: tuple[str, ...]
    roles: tuple[str, ...]
    tablespaces: tuple[str, ...]
    access_methods: tuple[str, ...]
    superuser_objects: tuple[str, ...]
    forced_tables: tuple[str, ...]


def needs_of(archive: Archive) -> ArchiveNeeds:
    """What the entries that a copy restores need."""
    entries = archive.restorable_entries
    return ArchiveNeeds(
        extensions=_sorted(entry.tag for entry in entries if entry.kind == "EXTENSION"),
        roles=_sorted(role for entry in entries if entry.kind == "POLICY" for role in policy_roles(entry)),
        tablespaces=_sorted(entry.tablespace for entry in entries),
        access_methods=_sorted(entry.access_method for entry in entries),
        superuser_objects=_sorted(
            f"{entry.kind.lower()} {entry.tag}"
            for entry in entries
            if entry.kind in _SUPERUSER_KINDS
            or (entry.kind in _FUNCTION_KINDS and _C_LANGUAGE.search(entry.definition))
        ),
        forced_tables=_sorted(
            entry.tag for entry in entries if entry.kind == "TABLE" and _FORCED.search(entry.definition)
        ),
    )


def policy_roles(entry: Entry) -> list[str]:
    """The roles that a row-level security policy names; pg_dump leaves out PUBLIC."""
    match = _POLICY_ROLES.match(entry.definition)
    reserved = {"public", "current_user", "current_role", "session_user"}
    return [name for name in identifiers(match["roles"]) if name not in reserved] if match else []


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
