"""The images of items: files of the File Cabinet that anybody may see."""

from collections.abc import Sequence

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.suiteql import Row, in_conditions, required_int
from connectors.sdk.decoding import whole_number
from connectors.sdk.records import ImageRecord

FIX = (
    "Give the role of the integration the permission Documents and Files, or empty “images” in the field map of this "
    "connection: then no images are read."
)
_FILES = "SELECT file.id, file.name, file.url FROM file"


def read_images(client: NetSuiteClient, rows: Sequence[Row]) -> dict[int, list[ImageRecord]] | None:
    """Internal ID of an item → its images, in the order of the field map. None: none are read.

    `rows`: the items, with the file IDs in the columns `image_0`, `image_1` and so on. Files that are not available
    without login are left out: nobody could fetch them.
    """
    columns = [f"image_{n}" for n in range(len(client.field_map.products.images))]
    if not columns:
        return None
    wanted = {required_int(row, "id"): [whole_number(row.get(name)) for name in columns] for row in rows}
    files: dict[int, Row] = {}
    for condition in in_conditions("file.id", sorted({each for ids in wanted.values() for each in ids if each})):
        where = f"file.isonline = 'T' AND {condition}"
        files |= {required_int(row, "id"): row for row in client.rows(_FILES, key="file.id", where=where, fix=FIX)}
    return {
        item_id: [
            ImageRecord(external_id=str(file_id), url=_url(client, files[file_id]), position=position)
            for position, file_id in enumerate(dict.fromkeys(ids))
            if file_id in files
        ]
        for item_id, ids in wanted.items()
    }


def _url(client: NetSuiteClient, row: Row) -> str:
    """The address in SuiteQL is relative to the account's own host."""
    host = client.settings.account.lower().replace("_", "-")
    return f"https://{host}.app.netsuite.com/{str(row.get('url', '')).lstrip('/')}"
