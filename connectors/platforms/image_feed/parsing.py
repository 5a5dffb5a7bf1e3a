"""The file into records, one for each SKU; what is wrong with a line becomes a problem of that line."""

import csv
import io
from collections.abc import Iterator
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import orjson

from connectors.errors import NeedsAttention, TryAgainLater
from connectors.records import GalleryRecord, ImageRecord, Problem, Record

MAX_SKU_LENGTH = 200
MAX_URL_LENGTH = 1000
MAX_LABEL_LENGTH = 500
COLUMNS = ("sku", "url", "label", "position")
# A problem with images comes from the file, so that is where it is mended.
_FIX = "Correct it in the feed."

Row = tuple[int, Any]


class Format(StrEnum):
    JSON_LINES = "jsonl"
    CSV = "csv"


def parse_galleries(content: bytes, feed_format: Format) -> list[Record]:
    """NeedsAttention for a file that cannot be read at all; TryAgainLater for something else, a proxy's page."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NeedsAttention("The feed is not UTF-8.", fix="Have the file written in UTF-8.") from error
    rows = _json_lines(text) if feed_format is Format.JSON_LINES else _csv(text)
    found: dict[str, GalleryRecord] = {}
    unreadable: list[Record] = []
    for line, row in rows:
        sku = row.get("sku") if isinstance(row, dict) else None
        if not isinstance(sku, str) or not sku.strip() or len(sku.strip()) > MAX_SKU_LENGTH or "\x00" in sku:
            unreadable.append(_unreadable(line, row))
            continue
        sku = sku.strip()
        record = found.setdefault(sku, GalleryRecord(external_id=sku, images=[], raw={"sku": sku, "images": []}))
        _add_images(record, row, line)
    if unreadable and not found:
        raise TryAgainLater("The answer is no feed of images: not one of its lines names a SKU.")
    return [*found.values(), *unreadable]


def _json_lines(text: str) -> Iterator[Row]:
    # Not splitlines: U+2028 and its like may stand in a JSON text as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError:
                yield number, line


def _csv(text: str) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if missing := {"sku", "url"} - set(reader.fieldnames or ()):
        raise NeedsAttention(
            f"The feed's first line lacks the column {' and '.join(sorted(missing))}.",
            fix=f"Begin the file with a line of column names: {','.join(COLUMNS)}.",
        )
    try:
        for row in reader:
            image = {"url": row["url"], "label": row.get("label") or "", "position": row.get("position") or ""}
            yield reader.line_num, {"sku": row["sku"], "images": [image] if row["url"] else []}
    except csv.Error as error:
        raise NeedsAttention(
            f"The feed's line {reader.line_num} is not CSV: {error}.", fix="Have the file written again."
        ) from error


def _add_images(record: GalleryRecord, row: dict[str, Any], line: int) -> None:
    """Images in the order of their positions, those without in the order in which they come, last."""
    images = row.get("images")
    if not isinstance(images, list):
        record.problems.append(
            Problem("no_images", f"Line {line} has no list of images for {record.external_id}.", _FIX, fatal=True)
        )
        return
    for image in images:
        url = image.get("url") if isinstance(image, dict) else None
        if not isinstance(url, str) or not _is_web_url(url):
            message = f"An image of {record.external_id} in line {line} has no web address of up to 1,000 characters."
            record.problems.append(Problem("bad_image_url", message, _FIX))
            continue
        label, position = str(image.get("label") or ""), str(image.get("position", "") or "")
        known = position.isascii() and position.isdigit() and len(position) < 9
        record.images.append(
            ImageRecord(
                external_id=record.external_id,
                url=url,
                alt=label.replace("\x00", "")[:MAX_LABEL_LENGTH],
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


def _unreadable(line: int, row: Any) -> Record:
    return GalleryRecord(
        external_id=f"line {line}",
        images=[],
        raw=row,
        problems=[
            Problem("no_sku", f"Line {line} of the feed names no SKU of up to {MAX_SKU_LENGTH} characters.", _FIX, True)
        ],
    )
