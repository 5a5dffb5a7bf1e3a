"""Images of products: new ones are uploaded, and those that the hub no longer has are removed.

Images are recognized by their file name, which is derived from their URL, so that repeating is safe. They are saved
with their product, since an SKU in a path could not be signed: a list of images replaces all of them, so it has the
existing ones by ID. They belong to all store views: a list that is saved for one would end its inheritance. https://developer.adobe.com/commerce/webapi/rest/tutorials/image/
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import Row, TargetClient
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.settings import ALL
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Outcome
from connectors.sdk.responses import RequestRejected

# The formats that the shop accepts, by their first bytes: type and extension.
FORMATS = {b"\xff\xd8\xff": ("image/jpeg", "jpg"), b"\x89PNG": ("image/png", "png"), b"GIF8": ("image/gif", "gif")}
# The roles of the first image of a product.
FIRST_IMAGE = ["image", "small_image", "thumbnail"]
_OWN_FILE = re.compile(r"sc[0-9a-f]{16}")

Entry = dict[str, Any]


def save_images(client: TargetClient, row: Row, images: Sequence[Sequence[str]], outcome: Outcome) -> None:
    """Make the product's gallery equal to `images` (URL, text). A product that has images of the shop's own keeps them
    and gets none. An image that cannot be fetched is left out with a warning."""
    stored = [each for each in row.get("media_gallery_entries") or () if isinstance(each, dict)]
    own = {name: each for each in stored if (name := _own_name(each))}
    if len(own) < len(stored):
        return
    wanted: list[Entry] = []
    for url, text in images:
        try:
            entry = own.get(_name(url)) or _uploaded(client, url, outcome)
        except TryAgainLater as error:  # only this product waits for the server of its images
            outcome.error = error
            return
        if entry is not None:
            types = FIRST_IMAGE if not wanted else []
            wanted.append(entry | {"label": text, "position": len(wanted), "disabled": False, "types": types})
    if [_content(each) for each in wanted] == [_content(each) for each in stored]:
        return
    try:
        body = {"product": {"sku": row["sku"], "media_gallery_entries": wanted}}
        client.http.request("POST", client.path(product_rows.PATH, view=ALL), body=body)
    except RequestRejected as error:
        outcome.error = SkipRecord(issues.REJECTED(reason=error_message(error)))


def _uploaded(client: TargetClient, url: str, outcome: Outcome) -> Entry | None:
    """The entry of a new image; None if it cannot be fetched, or if the shop does not accept its format."""
    try:
        content = client.http.get(url, headers={"Accept": "image/*"}, authenticate=False).content
    except (RequestRejected, NeedsAttention) as error:
        outcome.warnings.append(issues.IMAGE_NOT_SENT(url=url, reason=str(error)))
        return None
    found = next((format_ for start, format_ in FORMATS.items() if content.startswith(start)), None)
    if found is None:
        outcome.warnings.append(issues.IMAGE_NOT_SENT(url=url, reason="it is not a JPEG, PNG or GIF"))
        return None
    media_type, extension = found
    data = {"base64_encoded_data": b64encode(content).decode(), "type": media_type}
    return {"media_type": "image", "content": data | {"name": f"{_name(url)}.{extension}"}}


def _name(url: str) -> str:
    return "sc" + sha256(url.encode()).hexdigest()[:16]


def _own_name(entry: Entry) -> str:
    """The name that we gave to the file; empty for others. The shop adds a number if it is taken."""
    found = _OWN_FILE.match(PurePosixPath(str(entry.get("file"))).name)
    return found[0] if found else ""


def _content(entry: Entry) -> tuple[Any, ...]:
    types = [each for each in entry.get("types") or () if each in FIRST_IMAGE]
    return entry.get("id"), entry.get("label") or "", entry.get("position"), bool(entry.get("disabled")), sorted(types)
