"""The table of contents of a pg_dump archive in directory format: PostgreSQL's own binary format.

Source: src/bin/pg_dump/pg_backup_archiver.c, ReadHead and ReadToc.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

_VERSIONS = range(14, 17)  # 1.14 to 1.16: PostgreSQL 12 to 18
# The directory format's toc.dat declares its format as archTar (3), because its layout is that of a tar archive.
_DIRECTORY_FORMAT = 3
_INT_SIZE_AT = 8  # after the signature and the version of the format


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
    tablespace: str = ""
    access_method: str = ""
    # Where `definition` stands in the table of contents: the position of its length, and its own length in bytes.
    definition_at: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Contents:
    """The table of contents. `taken_at` is naive: local time on the machine that made the archive."""

    taken_at: datetime
    database: str
    server_version: str
    pg_dump_version: str
    entries: tuple[Entry, ...]


class _Reader:
    """Reads the primitive types of the table of contents."""

    def __init__(self, content: bytes) -> None:
        self._file = BytesIO(content)
        self.int_size = 4

    @property
    def position(self) -> int:
        return self._file.tell()

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


def read(content: bytes) -> Contents:
    """Reads the bytes of toc.dat. Raises ArchiveError."""
    try:
        return _read(_Reader(content))
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise ArchiveError(f"damaged: {error}") from error


def with_definitions(content: bytes, entries: Iterable[Entry], definitions: Mapping[int, bytes]) -> bytes:
    """The bytes of toc.dat with other definitions, by entry ID."""
    int_size = content[_INT_SIZE_AT]
    pieces, done = [], 0
    for entry in sorted(entries, key=lambda entry: entry.definition_at):
        if entry.id in definitions:
            position, length = entry.definition_at
            text = definitions[entry.id]
            pieces += [content[done:position], b"\0", len(text).to_bytes(int_size, "little"), text]
            done = position + 1 + int_size + length
    return b"".join([*pieces, content[done:]])


def _read(reader: _Reader) -> Contents:
    if reader.bytes(5) != b"PGDMP":
        raise ValueError("the PGDMP signature is missing")
    major, minor, _revision = reader.bytes(3)
    if major != 1 or minor not in _VERSIONS:
        raise ArchiveError(f"archive format {major}.{minor} is not supported; 1.14 to 1.16 are.")
    reader.int_size, _offset_size, archive_format = reader.bytes(3)
    if archive_format != _DIRECTORY_FORMAT:
        raise ArchiveError("not in directory format. Run pg_dump again with --format=directory.")
    reader.byte() if minor >= 15 else reader.int()  # compression
    second, minute, hour, day, month, year, _summer = (reader.int() for _ in range(7))
    taken_at = datetime(1900 + year, month + 1, day, hour, minute, min(second, 59))
    database, server_version, pg_dump_version = reader.text(), reader.text(), reader.text()
    entries = tuple(_read_entry(reader, minor) for _ in range(reader.int()))
    return Contents(taken_at, database, server_version, pg_dump_version, entries)


def _read_entry(reader: _Reader, minor: int) -> Entry:
    number, _has_data, _table_oid, _oid = reader.int(), reader.int(), reader.text(), reader.text()
    tag, kind, _section = reader.text(), reader.text(), reader.int()
    position = reader.position
    definition = reader.text()
    definition_at = position, len(definition.encode())
    _drop, copy, schema = reader.text(), reader.text(), reader.text()
    tablespace, access_method = reader.text(), reader.text()
    if minor >= 16:
        reader.int()  # relkind
    _owner, _with_oids, _dependencies = reader.text(), reader.text(), reader.texts()
    return Entry(number, kind, tag, schema, definition, copy, reader.text(), tablespace, access_method, definition_at)
