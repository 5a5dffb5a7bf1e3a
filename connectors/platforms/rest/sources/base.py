"""Base class of all sources of a custom shop: paging by key, and converting rows to records."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import Field, ValidationError

from common.storable import without_nul
from connectors.platforms.rest.client import PAGE_SIZE, RestClient
from connectors.sdk.api_model import ApiModel, UtcDatetime, unreadable
from connectors.sdk.errors import CollectionAbsent, NeedsAttention
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import Record
from connectors.sdk.streams import Source

MAX_KEY_LENGTH = 191

RecordT = TypeVar("RecordT", bound=Record)


class ApiObject(ApiModel):
    """An object of the protocol. Unknown fields are ignored, so that a system may send more than we need."""

    key: Annotated[str, Field(min_length=1, max_length=MAX_KEY_LENGTH)]
    updated_at: UtcDatetime | None = None


class RestSource(Source[RestClient, RecordT]):
    """Reads a collection whose name is that of the data type. `schema` is the model of its objects."""

    lane = "catalog"
    # Finds changes whose events were lost.
    full_schedule = "1d"
    schema: ClassVar[type[ApiObject]]

    @abstractmethod
    def build(self, row: Any) -> RecordT:
        """The record for a row that matches `schema`."""

    @abstractmethod
    def placeholder(self, key: str) -> RecordT:
        """A record for an object that cannot be read."""

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        """The system may ignore `changed_since`: unchanged objects are then detected by their content."""
        query: dict[str, Any] = {"limit": PAGE_SIZE}
        if cursor:
            query["after"] = cursor["after"]
        if since is not None:
            query["changed_since"] = since.astimezone(UTC).isoformat()
        answer = self.client.list_page(self.data_type, **query)
        following = {"after": answer["next"]} if answer["next"] is not None else None
        return Page([self.record(each) for each in answer["items"]], following)

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        return [self.record(each) for each in self.client.find(self.data_type, external_ids)]

    def record(self, raw: Any) -> RecordT:
        """The record for an object. Each invalid field is reported as a problem."""
        key = str(raw.get("key") or "unknown") if isinstance(raw, dict) else "unknown"
        try:
            record = self.build(self.schema.model_validate(without_nul(raw)))
        except (ValidationError, ArithmeticError) as error:
            record = self.placeholder(without_nul(key[:MAX_KEY_LENGTH]))
            record.problems = unreadable(error)
        record.raw = raw
        return record


class OptionalSource(RestSource[RecordT]):
    """A collection that a system need not have: then it answers 404 to the list, and nothing is imported (`absent`).

    Single objects are only fetched of a collection that exists: its absence is no proof that they were deleted.
    """

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        try:
            return super().read_page(since=since, cursor=cursor)
        except NeedsAttention as error:
            if error.status == 404 and cursor is None:
                return Page([], None, absent=CollectionAbsent(str(error)))
            raise
