"""Personal data in the definitions of an archive: comments, defaults, constraints, functions, views, names.

An address in a comment, a string or a body is replaced as in rows, so conditions still fit the masked rows. One in a
name, an enum label or a partition bound cannot be replaced without changing what the schema means: it stops the copy.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from staging_copy.backup.archive import Archive, Entry
from staging_copy.masking import addresses
from staging_copy.masking.leak_check import LeakCheck

# What a position in a statement belongs to: a quoted name, or anything else that has a beginning and an end.
_TOKEN = re.compile(
    r'(?P<name>"(?:[^"]|"")*")|\'(?:[^\']|\'\')*\'|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)|--[^\n]*|/\*.*?\*/',
    re.DOTALL,
)
_ENUM = re.compile(r"CREATE TYPE .+? AS ENUM", re.DOTALL)
_HARMLESS_KINDS = frozenset({"TABLE DATA", "SEQUENCE SET", "ENCODING", "STDSTRINGS", "SEARCHPATH"})


@dataclass(frozen=True)
class Finding:
    """An entry with addresses. `problem` is why they cannot be masked; empty if they can."""

    kind: str
    name: str
    addresses: int
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.name}"


@dataclass
class Definitions:
    """The result for an archive: how many entries were read, what was found, and the masked definitions by entry ID."""

    scanned: int = 0
    findings: list[Finding] = field(default_factory=list)
    masked: dict[int, bytes] = field(default_factory=dict)

    @property
    def problems(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.problem]


def mask_definitions(archive: Archive, scrub: Callable[[bytes], bytes], leak_check: LeakCheck) -> Definitions:
    """Looks over every definition that a copy restores. `scrub` replaces the addresses in a text."""
    result = Definitions()
    restored = {entry.id for entry in archive.restorable_entries}
    for entry in archive.entries:
        if entry.kind in _HARMLESS_KINDS:
            _add_names(result, entry, leak_check, scrub)
        elif entry.id in restored:
            result.scanned += 1
            if not _add_names(result, entry, leak_check, scrub):
                _add_definition(result, entry, leak_check, scrub)
    return result


def count_canaries(definitions: Iterable[bytes], canaries: Iterable[str]) -> dict[str, int]:
    """How often each canary stands in the definitions."""
    texts = list(definitions)
    return {canary: sum(text.count(canary.encode()) for text in texts) for canary in canaries}


def _add_names(result: Definitions, entry: Entry, leak_check: LeakCheck, scrub: Callable[[bytes], bytes]) -> bool:
    found = [each for name in (entry.schema, entry.tag) for each in leak_check.foreign(name.encode())]
    if found and entry.kind != "COMMENT":  # the tag of a comment is the name of its object, which is found by itself
        result.findings.append(_finding(entry, len(found), "name", scrub))
    return bool(found)


def _add_definition(result: Definitions, entry: Entry, leak_check: LeakCheck, scrub: Callable[[bytes], bytes]) -> None:
    text = entry.definition.encode()
    found = leak_check.foreign(text)
    if not found:
        return
    problem = ""
    if entry.kind == "TYPE" and _ENUM.search(entry.definition):
        problem = "enum label"
    elif entry.kind == "TABLE ATTACH":
        problem = "partition bound"
    elif any(_is_in_name(text, each) for each in found):
        problem = "name"
    result.findings.append(_finding(entry, len(found), problem, scrub))
    if not problem:
        result.masked[entry.id] = scrub(text)


def _is_in_name(text: bytes, found: addresses.FoundAddress) -> bool:
    for token in _TOKEN.finditer(text.decode()):
        start, end = len(token.string[: token.start()].encode()), len(token.string[: token.end()].encode())
        if start <= found.start < end:
            return token["name"] is not None
    return False


def _finding(entry: Entry, count: int, problem: str, scrub: Callable[[bytes], bytes]) -> Finding:
    name = entry.tag if entry.schema in ("", "public", "-") else f"{entry.schema}.{entry.tag}"
    # The message must not repeat the address.
    return Finding(entry.kind, scrub(name.encode()).decode(), count, problem)
