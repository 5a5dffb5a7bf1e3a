"""An external feed of images (role: custom): a file at an address, which says what pictures each SKU has (S4).

The format is ours; docs/platforms/image_feed.md specifies it. The file is fetched whole for each page, since an address
that serves a file can do no more; pages go by SKU, so that one that changes in between hides nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from pydantic import Field, SecretStr

from connectors.contract import Adapter, Page, Schema
from connectors.platforms.image_feed.decompression import gunzip
from connectors.platforms.image_feed.parsing import Format, parse_galleries
from connectors.records import Record
from hub.kinds import DataType, Role


class Settings(Schema):
    format: Format = Field(Format.JSON_LINES, title="Format", description="Of the file: jsonl or csv.")
    page_size: int = Field(
        2000, ge=10, le=5000, title="SKUs per page", description="The file is fetched for each page."
    )


class Credentials(Schema):
    token: SecretStr = Field(
        min_length=1, title="Token", description="Sent as Authorization: Bearer; any word if the address asks for none."
    )


class ImageFeed(Adapter):
    """Reads which pictures each SKU has, for the galleries of products that others bring."""

    key = "image_feed"
    name = "Image feed"
    role = Role.CUSTOM
    Settings = Settings
    Credentials = Credentials
    imports = {DataType.PRODUCTS: "read"}
    schedules = {DataType.PRODUCTS: ("1d", "1h")}

    def authenticate(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.account.credentials.token.get_secret_value()}"}

    def check(self) -> str:
        found = self._read(None) or []
        return f"The feed has images of {len(found):,} SKUs."

    def read_page(self, data_type: DataType, *, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        """`since` is asked of the server, which may answer that the file is no newer."""
        found = self._read(since if cursor is None else None)
        if found is None:
            return Page([], None)
        after = cursor["after"] if cursor else ""
        rest = [record for record in found if record.external_id > after]
        page = rest[: self.account.settings.page_size]
        following = {"after": page[-1].external_id} if len(rest) > len(page) else None
        return Page(page, following, total=len(found))

    def fetch(self, data_type: DataType, external_ids: Sequence[str]) -> list[Record]:
        wanted = set(external_ids)
        return [record for record in self._read(None) or () if record.external_id in wanted] if wanted else []

    def _read(self, since: datetime | None) -> list[Record] | None:
        """All SKUs in their order; None if nothing changed since then."""
        headers = {"Accept": "*/*"}
        if since is not None:
            headers["If-Modified-Since"] = format_datetime(since.astimezone(UTC), usegmt=True)
        response = self.http.get("", headers=headers)
        if response.status == 304:
            return None
        found = parse_galleries(gunzip(response.content), self.account.settings.format)
        return sorted(found, key=lambda record: record.external_id)
