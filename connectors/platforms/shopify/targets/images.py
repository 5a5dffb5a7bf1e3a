"""The images of a product.

Shopify copies an image to an address of its own, which keeps the name of its file; a name that is in use gets a UUID
behind it. So a copy is recognized by that name. What was added in the store is kept, behind ours.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.platforms.shopify.client import Row
from connectors.sdk import clock
from connectors.sdk.errors import TryAgainLater

_PROCESSING = ("UPLOADED", "PROCESSING")
_WAIT = timedelta(seconds=30)
_SUFFIX = r"(_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?"


def files(wanted: Sequence[Row], sent: Sequence[Row], existing: Sequence[Any]) -> tuple[list[Row], list[str]]:
    """`files` of the input, and the URLs of which the store has no copy.

    `wanted` and `sent` are `{"url", "alt"}`, now and before; `existing` are the product's media. TryAgainLater while
    some are being processed, because these have no name yet.
    """
    if any(row.get("status") in _PROCESSING for row in existing):
        raise TryAgainLater(
            "Shopify is still processing the product's images.", not_before=clock.now() + _WAIT, sent=False
        )
    left = [row for row in existing if row.get("status") != "FAILED"]
    found, missing = [], []
    for each in wanted:
        if copy := _take_copy(each["url"], left):
            found.append({"id": copy["id"]})
        else:
            found.append({"originalSource": each["url"], "alt": each["alt"], "contentType": "IMAGE"})
            missing.append(each["url"])
    kept = {each["url"] for each in wanted}
    for each in sent:
        if each["url"] not in kept:
            _take_copy(each["url"], left)
    return [*found, *({"id": row["id"]} for row in left)], missing


def _take_copy(url: str, left: list[Row]) -> Row | None:
    """The copy of an image, which is removed from `left`."""
    name = re.compile(re.escape(_stem(url)) + _SUFFIX, re.IGNORECASE)
    for row in left:
        image = row.get("image")
        if isinstance(image, dict) and name.fullmatch(_stem(str(image.get("url")))):
            left.remove(row)
            return row
    return None


def _stem(url: str) -> str:
    """The name of the file as Shopify writes it, without its ending."""
    return re.sub(r"[^\w.-]+", "_", unquote(PurePosixPath(urlsplit(url).path).stem))
