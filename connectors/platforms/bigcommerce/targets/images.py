"""The images of one product.

The store copies an image to a URL of its own and appends a number to the name of its file (the vendor prints
`o/381/product-image__98178.png`), so an image is recognized by that name. Images that were added in the store are kept.
"""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from connectors.platforms.bigcommerce.client import PRODUCTS, Row, TargetClient
from connectors.platforms.bigcommerce.error_messages import rejection_reason
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.responses import RequestRejected


def new_image(url: str, place: int) -> Row:
    """The body that adds an image; the first one is the thumbnail."""
    return {"image_url": url, "sort_order": place, "is_thumbnail": place == 0}


def sync_images(client: TargetClient, operation: Operation[Row], outcome: Outcome) -> None:
    """Add, reorder and delete images if those that were sent last have changed. What the store rejects becomes the
    outcome's error."""
    wanted, before = operation.content["images"], (operation.previous or operation.content)["images"]
    if wanted == before:
        return
    path = f"{PRODUCTS}/{outcome.external_id}/images"
    existing = client.fetch_all(path)
    try:
        for place, url in enumerate(wanted):
            copy = _copy_of(url, existing)
            if copy is None and url not in before:
                client.call("POST", path, body=new_image(url, place))
            elif copy is not None and (copy["sort_order"], copy["is_thumbnail"]) != (place, place == 0):
                body = {"sort_order": place, "is_thumbnail": place == 0}
                client.call("PUT", f"{path}/{copy['id']}", body=body)
        for url in before:
            if url not in wanted and (copy := _copy_of(url, existing)):
                client.call("DELETE", f"{path}/{copy['id']}")
    except RequestRejected as error:
        outcome.error = outcome.error or SkipRecord(issues.PARTLY_SAVED(reason=rejection_reason(error)))


def _copy_of(url: str, existing: list[Row]) -> Row | None:
    name = re.compile(re.escape(_stem(urlsplit(url).path)) + r"(__\d+)*", re.IGNORECASE)
    return next((row for row in existing if name.fullmatch(_stem(str(row.get("image_file") or "")))), None)


def _stem(path: str) -> str:
    return unquote(PurePosixPath(path).stem)
