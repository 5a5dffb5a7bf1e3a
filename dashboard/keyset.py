"""Keyset pagination: page 10,000 costs the same as page 1, because no offset is counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet

PAGE_SIZE = 50
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, newest first. `older` and `newer` are the markers of the adjacent pages, empty at either end."""

    rows: list[Row]
    older: str = ""
    newer: str = ""


class Keyset:
    """A position in a list sorted by `field`, if given, and then by ID; both descending.

    `marker` is the `older` or `newer` of a page, taken from the URL; raises BadRequest if it is malformed.
    `field` must be a DateTimeField without NULLs. To merge several querysets into one page, `apply` to each, then
    pass all of them to `page`.
    """

    def __init__(self, marker: str = "", *, size: int = PAGE_SIZE, field: str = "") -> None:
        self.size = size
        self.field = field
        self.backwards = marker.startswith("newer~")
        self._at: datetime | None = None
        self._id: int | None = None
        if marker:
            self._read(marker)

    def _read(self, marker: str) -> None:
        direction, _, position = marker.partition("~")
        at, _, row_id = position.rpartition("~")
        try:
            if direction not in ("older", "newer") or bool(at) != bool(self.field):
                raise ValueError(marker)
            self._id = int(row_id)
            self._at = datetime.fromisoformat(at) if at else None
            if not abs(self._id) < 2**63 or (self._at and self._at.tzinfo is None):
                raise ValueError(marker)
            # PostgreSQL refuses some offsets that Python accepts.
            self._at = self._at and self._at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise BadRequest("page: invalid value. Start again from the first page.") from error

    def apply(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """The rows after the position in reading order, one more than fits on a page."""
        sign, beyond = ("", "gt") if self.backwards else ("-", "lt")
        if self._id is not None:
            after = Q(**{f"id__{beyond}": self._id})
            if self.field:
                # The first condition lets an index scan start here; the second handles equal times.
                rows = rows.filter(**{f"{self.field}__{beyond}e": self._at})
                after |= Q(**{f"{self.field}__{beyond}": self._at})
            rows = rows.filter(after)
        order = [f"{sign}{self.field}"] if self.field else []
        return rows.order_by(*order, f"{sign}id")[: self.size + 1]

    def page(self, *querysets: Iterable[Row]) -> Page[Row]:
        """One page of the rows that `apply` returned; a row in several querysets appears once."""
        found = {row.pk: row for rows_of_one in querysets for row in rows_of_one}
        rows = sorted(found.values(), key=self._key, reverse=not self.backwards)
        more = len(rows) > self.size
        rows = rows[: self.size]
        if self.backwards:
            rows.reverse()
        if not rows:
            return Page([])
        has_older = True if self.backwards else more
        has_newer = more if self.backwards else self._id is not None
        return Page(
            rows,
            older=f"older~{self._position(rows[-1])}" if has_older else "",
            newer=f"newer~{self._position(rows[0])}" if has_newer else "",
        )

    def _key(self, row: Row) -> tuple[datetime | int, ...]:
        return (getattr(row, self.field), row.pk) if self.field else (row.pk,)

    def _position(self, row: Row) -> str:
        at = getattr(row, self.field).isoformat() if self.field else ""
        return f"{at}~{row.pk}" if at else f"{row.pk}"
