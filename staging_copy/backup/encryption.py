"""Encrypts files for storage outside of our machines: AES-256-GCM in chunks, so that files of any size fit in memory.

A file is a header (magic, key ID, random nonce prefix) and chunks. Each chunk is authenticated together with the name
of the file, its number, and whether it is the last: a chunk that was changed, moved, left out or cut off is noticed.
"""

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from io import RawIOBase
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"SCBK1\n"
_CHUNK = 1024 * 1024
_TAG = 16
_ID = 8
_PREFIX = 8


class DecryptionFailed(Exception):
    """The file was encrypted with a key that is not configured, or it is damaged."""


class Keys:
    """The keys of BACKUP_ENCRYPTION_KEYS (urlsafe base64 of 32 bytes). The first one encrypts, any decrypts."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError if there is no key, or one has another length."""
        raw = [base64.urlsafe_b64decode(key) for key in keys]
        if not raw or any(len(key) != 32 for key in raw):
            raise ValueError(
                "BACKUP_ENCRYPTION_KEYS needs at least one key. Make one with: manage.py new_encryption_key"
            )
        self._ciphers = {sha256(key).digest()[:_ID]: AESGCM(key) for key in raw}
        self._first = sha256(raw[0]).digest()[:_ID]

    def encrypt(self, file: IO[bytes], name: str) -> Iterator[bytes]:
        """Yields the encrypted content of `file`."""
        cipher, prefix = self._ciphers[self._first], os.urandom(_PREFIX)
        yield _MAGIC + self._first + prefix
        chunk = file.read(_CHUNK)
        for number in range(2**32):
            following = file.read(_CHUNK)
            yield cipher.encrypt(_nonce(prefix, number), chunk, _context(name, last=not following))
            if not following:
                return
            chunk = following
        raise ValueError(f"{name} is too large")

    def decrypt(self, chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
        """Yields the content of what `encrypt` made, in whatever pieces it comes. Raises DecryptionFailed."""
        pieces = _regroup(chunks, len(_MAGIC) + _ID + _PREFIX, _CHUNK + _TAG)
        header = next(pieces, b"")
        if not header.startswith(_MAGIC) or len(header) != len(_MAGIC) + _ID + _PREFIX:
            raise DecryptionFailed(f"{name} is not an encrypted backup.")
        key, prefix = header[len(_MAGIC) : -_PREFIX], header[-_PREFIX:]
        if key not in self._ciphers:
            raise DecryptionFailed(f"{name} was encrypted with a key that BACKUP_ENCRYPTION_KEYS does not contain.")
        piece, number = next(pieces, None), 0
        while piece is not None:
            following = next(pieces, None)
            try:
                yield self._ciphers[key].decrypt(_nonce(prefix, number), piece, _context(name, last=following is None))
            except InvalidTag as error:
                raise DecryptionFailed(f"{name} is damaged or incomplete.") from error
            piece, number = following, number + 1
        if number == 0:
            raise DecryptionFailed(f"{name} is incomplete.")


class Stream(RawIOBase):
    """A readable file of the bytes of an iterator."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffered = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if not self._buffered:
            self._buffered = next(self._chunks, b"")
        piece, self._buffered = self._buffered[: len(buffer)], self._buffered[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(4, "big")


def _context(name: str, *, last: bool) -> bytes:
    return (b"last:" if last else b"more:") + name.encode()


def _regroup(chunks: Iterable[bytes], first: int, size: int) -> Iterator[bytes]:
    rest, wanted = bytearray(), first
    for chunk in chunks:
        rest += chunk
        while len(rest) >= wanted:
            yield bytes(rest[:wanted])
            del rest[:wanted]
            wanted = size
    if rest:
        yield bytes(rest)
