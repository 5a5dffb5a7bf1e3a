"""The images of each SKU, for the galleries of products that are imported from other sources."""

from collections.abc import Sequence
from datetime import datetime

from connectors.platforms.image_feed.client import ImageFeedClient
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import GalleryRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType


class Galleries(Source[ImageFeedClient, GalleryRecord]):
    """The whole file is fetched for each page, because it cannot be requested in parts; paged by SKU, so that a change
    of the file between two pages causes nothing to be missed."""

    data_type = DataType.PRODUCTS
    lane = "read"
    full_schedule = "1d"
    partial_schedule = "1h"
    required = ("images",)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[GalleryRecord]:
        """`since` is passed to the server, which may respond that the file has not changed."""
        found = self.client.read(since=since if cursor is None else None)
        if found is None:
            return Page([], None)
        after = cursor["after"] if cursor else ""
        rest = [record for record in found if record.external_id > after]
        page = rest[: self.client.settings.page_size]
        following = {"after": page[-1].external_id} if len(rest) > len(page) else None
        return Page(page, following, total=len(found))

    def fetch(self, external_ids: Sequence[str]) -> list[GalleryRecord]:
        wanted = set(external_ids)
        return [record for record in self.client.read() or () if record.external_id in wanted] if wanted else []
