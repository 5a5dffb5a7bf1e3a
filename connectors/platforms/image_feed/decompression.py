"""Decompresses files with a size limit, whatever their compression ratio."""

import zlib

from connectors.sdk.errors import NeedsAttention
from connectors.sdk.http import MAX_BODY

_GZIP = b"\x1f\x8b"


def gunzip(content: bytes) -> bytes:
    """The decompressed file. NeedsAttention if it is corrupt, or larger than `MAX_BODY` when decompressed."""
    if not content.startswith(_GZIP):
        return content
    decompressor = zlib.decompressobj(wbits=31)
    try:
        decompressed = decompressor.decompress(content, MAX_BODY)
    except zlib.error as error:
        raise NeedsAttention("The feed is not valid gzip.", fix="Create the file again.") from error
    if decompressor.unconsumed_tail:
        raise NeedsAttention(
            f"The feed is larger than {MAX_BODY // 2**20} MiB when unpacked.", fix="Split it into several feeds."
        )
    if not decompressor.eof:
        raise NeedsAttention("The feed's gzip data is incomplete.", fix="Create the file again.")
    return decompressed
