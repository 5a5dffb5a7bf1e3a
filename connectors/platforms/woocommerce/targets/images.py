"""The images of a product. The shop copies each to an address of its own, which keeps the name of its file."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.platforms.woocommerce.client import Row


def image_list(wanted: Sequence[str], existing: Sequence[Any]) -> list[Row]:
    """The body for the wanted images: the ID of a copy that the shop has, else the address to download."""
    left = [each for each in existing if isinstance(each, dict) and each.get("id")]
    found: list[Row] = []
    for url in wanted:
        copy = next((each for each in left if _is_copy(url, str(each.get("src") or ""))), None)
        if copy:
            left.remove(copy)
        found.append({"id": copy["id"]} if copy else {"src": url})
    return found


def _is_copy(url: str, source: str) -> bool:
    """WordPress appends `-1`, `-scaled` and the like to the name of a file."""
    return bool(re.fullmatch(re.escape(_stem(url)) + r"(-\d+)?(-scaled|-rotated|-e\d+)?", _stem(source), re.IGNORECASE))


def _stem(url: str) -> str:
    return re.sub(r"[\s%]+", "-", unquote(PurePosixPath(urlsplit(url).path).stem))
