"""Fetches the file of an image feed."""

from datetime import UTC, datetime
from email.utils import format_datetime

from connectors.platforms.image_feed.decompression import gunzip
from connectors.platforms.image_feed.parsing import parse_galleries
from connectors.platforms.image_feed.settings import Credentials, Settings
from connectors.sdk.account import Account
from connectors.sdk.http import HttpClient
from connectors.sdk.records import GalleryRecord
from connectors.sdk.schemas import Schema


class ImageFeedClient:
    def __init__(self, account: Account[Settings, Credentials, Schema], http: HttpClient) -> None:
        self.settings = account.settings
        self.http = http

    def read(self, *, since: datetime | None = None) -> list[GalleryRecord] | None:
        """The galleries of all SKUs, in their order; None if the server responds that the file has not changed since
        then."""
        headers = {"Accept": "*/*"}
        if since is not None:
            headers["If-Modified-Since"] = format_datetime(since.astimezone(UTC), usegmt=True)
        response = self.http.get("", headers=headers)
        if response.status == 304:
            return None
        # The file is not decoded by `Response.json`, so its texts always have to be checked.
        self.http.note_repair()
        found = parse_galleries(gunzip(response.content), self.settings.format)
        return sorted(found, key=lambda record: record.external_id)
