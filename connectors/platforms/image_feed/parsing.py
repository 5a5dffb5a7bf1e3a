"""Parses the file into one record for each SKU; an error in a line becomes a problem of its record."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from common.storable import NUL, without_nul
from connectors.platforms.image_feed.settings import Format
from connectors.sdk import issues
from connectors.sdk.decoding import decode_json
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.records import GalleryRecord, ImageRecord

MAX_SKU_LENGTH = 200
MAX_URL_LENGTH = 1000
MAX_LABEL_LENGTH = 500
COLUMNS = ("sku", "url", "label", "position")

Row = tuple[int, Any]


def parse_galleries(content: bytes, feed_format: Format) -> list[GalleryRecord]:
    """NeedsAttention for an invalid file; TryAgainLater for anything else, such as a proxy's error page.

    Bytes that are not UTF-8 become lone surrogates, so that only their SKU is refused (`Reader`).
    """
    content = content.removeprefix(BOM_UTF8)
    if feed_format is Format.JSON_LINES:
        rows = _json_lines(content)
    else:
        rows = _csv(content.decode("utf-8", "surrogateescape"))
    found: dict[str, GalleryRecord] = {}
    unreadable: list[GalleryRecord] = []
    for line, row in rows:
        sku = row.get("sku") if isinstance(row, dict) else None
        if not isinstance(sku, str) or not sku.strip() or len(sku.strip()) > MAX_SKU_LENGTH or NUL in sku:
            unreadable.append(_unreadable(line, row))
            continue
        sku = sku.strip()
        record = found.setdefault(sku, GalleryRecord(external_id=sku, images=[], raw={"sku": sku, "images": []}))
        _add_images(record, row, line)
    if unreadable and not found:
        try:
            content.decode()
        except UnicodeDecodeError as error:
            raise NeedsAttention("The feed is not UTF-8.", fix="Save the file as UTF-8.") from error
        raise TryAgainLater("The response is not an image feed: no line has a SKU.")
    return [*found.values(), *unreadable]


def _json_lines(content: bytes) -> Iterator[Row]:
    # Not splitlines: JSON text may contain U+2028 and similar characters unescaped.
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip(b" \t\r\x00"):
            try:
                yield number, decode_json(line)[0]
            except ValueError:
                yield number, line.decode("utf-8", "replace")


def _csv(text: str) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if missing := {"sku", "url"} - set(reader.fieldnames or ()):
        raise NeedsAttention(
            f"The feed's first line has no column {' and '.join(sorted(missing))}.",
            fix=f"Start the file with a line of column names: {','.join(COLUMNS)}.",
        )
    try:
        for row in reader:
            image = {"url": row["url"], "label": row.get("label") or "", "position": row.get("position") or ""}
            yield reader.line_num, {"sku": row["sku"], "images": [image] if row["url"] else []}
    except csv.Error as error:
        raise NeedsAttention(
            f"The feed's line {reader.line_num} is not CSV: {error}.", fix="Create the file again."
        ) from error


def _add_images(record: GalleryRecord, row: dict[str, Any], line: int) -> None:
    """Images in the order of their positions; those without a position come last, in the order of the feed."""
    images = row.get("images")
    if not isinstance(images, list):
        record.problems.append(issues.IMAGES_MISSING(line=line, sku=record.external_id))
        return
    for image in images:
        url = image.get("url") if isinstance(image, dict) else None
        if not isinstance(url, str) or not _is_web_url(url):
            reason = f"not a web address of up to {MAX_URL_LENGTH:,} characters"
            record.problems.append(issues.IMAGE_URL_INVALID(line=line, sku=record.external_id, reason=reason))
            continue
        label, position = str(image.get("label") or ""), str(image.get("position", "") or "")
        known = position.isascii() and position.isdigit() and len(position) < 9
        record.images.append(
            ImageRecord(
                external_id=record.external_id,
                url=url,
                alt=without_nul(label)[:MAX_LABEL_LENGTH],
                position=int(position) if known else 10**9 + len(record.images),
            )
        )
        record.raw["images"].append({"url": url, "label": label, "position": position})


def _is_web_url(url: str) -> bool:
    if len(url) > MAX_URL_LENGTH or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _unreadable(line: int, row: Any) -> GalleryRecord:
    return GalleryRecord(
        external_id=f"line {line}",
        images=[],
        raw=row,
        problems=[issues.FEED_LINE_WITHOUT_SKU(line=line, limit=MAX_SKU_LENGTH)],
    )
