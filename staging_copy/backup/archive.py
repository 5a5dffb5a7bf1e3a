"""Reads archives made by `pg_dump --format=directory`: the table of contents and the rows of each table.

Everything except the rows is restored by pg_restore.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from staging_copy.backup import toc
from staging_copy.backup.copy_text import whole_lines
from staging_copy.backup.toc import ArchiveError as ArchiveError
from staging_copy.backup.toc import Entry as Entry

BLOCK = 128 * 1024
_COPY = re.compile(r"COPY (?P<name>.+?)(?: \((?P<columns>.*)\))? FROM stdin;\s*", re.DOTALL)
_ATTACH = re.compile(r"ALTER TABLE(?: ONLY)? (?P<parent>.+?) ATTACH PARTITION (?P<child>.+?) (?:FOR VALUES|DEFAULT)")
_IDENTIFIER = re.compile(r'"((?:[^"]|"")*)"|([^",.\s]+)')
# Connections to other systems, which must not exist on staging. Statistics data contains unmasked values.
_EXCLUDED_KINDS = frozenset(
    ("PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION", "SUBSCRIPTION TABLE")
    + ("SERVER", "USER MAPPING", "FOREIGN TABLE", "EVENT TRIGGER", "SECURITY LABEL", "STATISTICS DATA")
)
_LARGE_OBJECTS = frozenset({"BLOB", "BLOBS", "BLOB METADATA", "BLOB COMMENTS"})
_END = b"\\.\n"


@dataclass(frozen=True)
class TableData:
    """The rows of one table in the archive. `size` is the size of its file in bytes."""

    id: int
    schema: str
    name: str
    columns: tuple[str, ...]
    file: Path
    size: int
    # The topmost partitioned table if this is a partition; otherwise the table itself.
    root: str

    @property
    def qualified(self) -> str:
        return f"{quote(self.schema)}.{quote(self.name)}"


def quote(name: str) -> str:
    """Quotes an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def identifiers(text: str) -> list[str]:
    """The names in a list or path of SQL identifiers, without their quotes."""
    return [_unquote(match) for match in _IDENTIFIER.finditer(text)]


def policy_name(schema: str, name: str) -> str:
    """The name of a table in policies: qualified by its schema unless that is `public`."""
    return name if schema == "public" else f"{schema}.{name}"


@dataclass(frozen=True)
class Archive:
    """A directory archive. `taken_at` is naive: local time on the machine that made the archive."""

    folder: Path
    taken_at: datetime
    database: str
    server_version: str
    pg_dump_version: str
    entries: tuple[Entry, ...] = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> "Archive":
        """Reads the table of contents. Raises ArchiveError."""
        try:
            content = (folder / "toc.dat").read_bytes()
        except OSError as error:
            raise ArchiveError(f"{folder} is not an archive made by pg_dump --format=directory: {error}") from error
        try:
            contents = toc.read(content)
        except ArchiveError as error:
            raise ArchiveError(f"{folder / 'toc.dat'}: {error}") from error
        return cls(folder, **vars(contents))

    @cached_property
    def tables(self) -> tuple[TableData, ...]:
        """All tables with data in the archive, largest file first. Raises ArchiveError if a file is missing."""
        tables = [self._table(entry) for entry in self.entries if entry.kind == "TABLE DATA"]
        return tuple(sorted(tables, key=lambda table: (-table.size, table.qualified)))

    @cached_property
    def partitions(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Maps (schema, name) of each partition to (schema, name) of its parent table."""
        parents = {}
        for entry in self.entries:
            match = _ATTACH.search(entry.definition) if entry.kind == "TABLE ATTACH" else None
            if match:
                parents[_split(match["child"])] = _split(match["parent"])
        return parents

    @cached_property
    def restorable_entries(self) -> tuple[Entry, ...]:
        """The entries that a copy restores on staging, unless they are rows."""
        return tuple(
            entry
            for entry in self.entries
            # Extensions belong to the database administrator, so our role may not comment on them.
            if entry.kind not in _EXCLUDED_KINDS and not (entry.kind == "COMMENT" and entry.tag.startswith("EXTENSION"))
        )

    @property
    def encoding(self) -> str:
        found = next((entry.definition for entry in self.entries if entry.kind == "ENCODING"), "")
        return found.partition("'")[2].partition("'")[0]

    @property
    def large_objects(self) -> int:
        return sum(entry.kind in _LARGE_OBJECTS for entry in self.entries)

    @property
    def sequence_values(self) -> list[int]:
        """IDs of the entries that set sequence values; they are part of the data section."""
        return [entry.id for entry in self.entries if entry.kind == "SEQUENCE SET"]

    def rows(self, table: TableData, block: int = BLOCK) -> Iterator[bytes]:
        """Yields the rows of a table as COPY text, in blocks of whole lines. Raises ArchiveError if damaged."""
        held = b""
        # Hold one block back: the end-of-data marker may be split across two blocks.
        for lines in whole_lines(_content(table.file), block):
            if held:
                yield held
            held = lines
        end = held.rstrip(b"\n") + b"\n"
        if not (end == _END or end.endswith(b"\n" + _END)):
            raise ArchiveError(f"{table.file} has no end-of-data marker: the archive is truncated.")
        if len(end) > len(_END):
            yield end[: -len(_END)]

    def with_definitions(self, definitions: Mapping[int, bytes], folder: Path) -> "Archive":
        """The same archive with other definitions, by entry ID, in the empty `folder`; its other files are links."""
        for path in self.folder.iterdir():
            if path.name != "toc.dat":
                (folder / path.name).symlink_to(path.resolve())
        content = (self.folder / "toc.dat").read_bytes()
        (folder / "toc.dat").write_bytes(toc.with_definitions(content, self.entries, definitions))
        return Archive.open(folder)

    def checksums(self) -> dict[str, str]:
        """Maps the name of each file in the archive to its SHA-256."""
        sums = {}
        for path in sorted(self.folder.iterdir()):
            with path.open("rb") as file:
                digest = sha256()
                while chunk := file.read(1024 * 1024):
                    digest.update(chunk)
            sums[path.name] = digest.hexdigest()
        return sums

    def _table(self, entry: Entry) -> TableData:
        match = _COPY.fullmatch(entry.copy)
        if match is None:
            raise ArchiveError(f"The rows of {entry.tag} are not in COPY format. Run pg_dump again without --inserts.")
        file = self._file(entry)
        root = (entry.schema, entry.tag)
        while root in self.partitions:
            root = self.partitions[root]
        columns = tuple(identifiers(match["columns"] or ""))
        return TableData(entry.id, entry.schema, entry.tag, columns, file, file.stat().st_size, policy_name(*root))

    def _file(self, entry: Entry) -> Path:
        # The table of contents stores the file name without the compression suffix.
        for suffix in ("", ".gz"):
            if (path := self.folder / f"{entry.file}{suffix}").is_file():
                return path
        others = [path.name for path in self.folder.glob(f"{entry.file}.*")]
        if others:
            raise ArchiveError(f"{others[0]} is not compressed with gzip. Run pg_dump again with --compress=gzip.")
        raise ArchiveError(f"{entry.file}, the file with the rows of {entry.tag}, is missing.")


def _unquote(match: re.Match[str]) -> str:
    return match[2] if match[1] is None else match[1].replace('""', '"')


def _split(name: str) -> tuple[str, str]:
    schema, table = identifiers(name)
    return schema, table


def _content(path: Path) -> Iterator[bytes]:
    """Yields the decompressed content of a file in chunks of bounded size."""
    with path.open("rb") as file:
        if path.suffix != ".gz":
            while chunk := file.read(BLOCK):
                yield chunk
            return
        stream = zlib.decompressobj(wbits=31)
        try:
            while chunk := file.read(BLOCK // 2):
                while chunk:
                    yield stream.decompress(chunk, 2 * BLOCK)
                    chunk = stream.unconsumed_tail
            yield stream.flush()
        except zlib.error as error:
            raise ArchiveError(f"{path} is damaged: {error}") from error
        if not stream.eof or stream.unused_data:
            raise ArchiveError(f"{path} is truncated or has trailing data: the archive is damaged.")
