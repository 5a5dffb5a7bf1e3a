"""Reads archives made by `pg_dump --format=directory`: the table of contents and the rows of each table.

The table of contents is PostgreSQL's own binary format (src/bin/pg_dump/pg_backup_archiver.c, ReadHead and ReadToc).
Everything except the rows is restored by pg_restore.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from staging_copy.copy_text import whole_lines

BLOCK = 128 * 1024
_VERSIONS = range(14, 17)  # 1.14 to 1.16: PostgreSQL 12 to 18
# The directory format's toc.dat declares its format as archTar (3), because its layout is that of a tar archive.
_DIRECTORY_FORMAT = 3
_COPY = re.compile(r"COPY (?P<name>.+?)(?: \((?P<columns>.*)\))? FROM stdin;\s*", re.DOTALL)
_ATTACH = re.compile(r"ALTER TABLE(?: ONLY)? (?P<parent>.+?) ATTACH PARTITION (?P<child>.+?) (?:FOR VALUES|DEFAULT)")
_IDENTIFIER = re.compile(r'"((?:[^"]|"")*)"|([^",.\s]+)')
_LARGE_OBJECTS = frozenset({"BLOB", "BLOBS", "BLOB METADATA", "BLOB COMMENTS"})
_END = b"\\.\n"


class ArchiveError(Exception):
    """The archive is damaged, incomplete, not a pg_dump archive, or in an unsupported format."""


@dataclass(frozen=True)
class Entry:
    """The fields used here of one entry in the table of contents."""

    id: int
    kind: str
    tag: str
    schema: str
    definition: str
    copy: str
    file: str


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
    entries: tuple[Entry, ...] = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> "Archive":
        """Reads the table of contents. Raises ArchiveError."""
        try:
            content = (folder / "toc.dat").read_bytes()
        except OSError as error:
            raise ArchiveError(f"{folder} is not an archive made by pg_dump --format=directory: {error}") from error
        try:
            return _read(folder, _Reader(content))
        except (IndexError, UnicodeDecodeError, ValueError) as error:
            raise ArchiveError(f"{folder / 'toc.dat'} is damaged: {error}") from error

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
        columns = tuple(_unquote(part) for part in _IDENTIFIER.finditer(match["columns"] or ""))
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


class _Reader:
    """Reads the primitive types of the table of contents."""

    def __init__(self, content: bytes) -> None:
        self._file = BytesIO(content)
        self.int_size = 4

    def bytes(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise ValueError("unexpected end of file")
        return data

    def byte(self) -> int:
        return self.bytes(1)[0]

    def int(self) -> int:
        negative = self.byte()
        number = int.from_bytes(self.bytes(self.int_size), "little")
        return -number if negative else number

    def text(self) -> str:
        length = self.int()
        return "" if length < 0 else self.bytes(length).decode()

    def texts(self) -> list[str]:
        """Reads strings up to the null string that ends the list."""
        found = []
        while (length := self.int()) >= 0:
            found.append(self.bytes(length).decode())
        return found


def _read(folder: Path, reader: _Reader) -> Archive:
    if reader.bytes(5) != b"PGDMP":
        raise ValueError("the PGDMP signature is missing")
    major, minor, _revision = reader.bytes(3)
    if major != 1 or minor not in _VERSIONS:
        raise ArchiveError(f"{folder}: archive format {major}.{minor} is not supported; 1.14 to 1.16 are.")
    reader.int_size, _offset_size, archive_format = reader.bytes(3)
    if archive_format != _DIRECTORY_FORMAT:
        raise ArchiveError(f"{folder}: not in directory format. Run pg_dump again with --format=directory.")
    reader.byte() if minor >= 15 else reader.int()  # compression
    second, minute, hour, day, month, year, _summer = (reader.int() for _ in range(7))
    taken_at = datetime(1900 + year, month + 1, day, hour, minute, min(second, 59))
    database, server_version, _pg_dump = reader.text(), reader.text(), reader.text()
    entries = tuple(_read_entry(reader, minor) for _ in range(reader.int()))
    return Archive(folder, taken_at, database, server_version, entries)


def _read_entry(reader: _Reader, minor: int) -> Entry:
    number, _has_data, _table_oid, _oid = reader.int(), reader.int(), reader.text(), reader.text()
    tag, kind, _section = reader.text(), reader.text(), reader.int()
    definition, _drop, copy, schema = reader.text(), reader.text(), reader.text(), reader.text()
    _tablespace, _access_method = reader.text(), reader.text()
    if minor >= 16:
        reader.int()  # relkind
    _owner, _with_oids, _dependencies = reader.text(), reader.text(), reader.texts()
    return Entry(number, kind, tag, schema, definition, copy, reader.text())


def _unquote(match: re.Match[str]) -> str:
    return match[2] if match[1] is None else match[1].replace('""', '"')


def _split(name: str) -> tuple[str, str]:
    schema, table = (_unquote(match) for match in _IDENTIFIER.finditer(name))
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
