"""Tables in memory that stay small: a row holds only what differs from its table's defaults.

So 100,000 products with their variants fit in a few hundred megabytes, and a row becomes the vendor's full
object only when it is served.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

Row = dict[str, Any]


class Table:
    """Rows by ascending numeric id, with unique columns and at most one grouping column.

    `unique` columns are indexed when their value is truthy; keeping them unique is the caller's duty
    (`find_id` tells who has a value), because shops also hold dirty data.
    """

    def __init__(self, defaults: Row, *, unique: Iterable[str] = (), group: str | None = None) -> None:
        self.defaults = defaults
        self.rows: dict[int, Row] = {}
        self.last_id = 0
        self._unique: dict[str, dict[Hashable, int]] = {column: {} for column in unique}
        self.group = group
        self._groups: dict[int, list[Row]] = {}
        self._ids: list[int] = []
        self._version = 0
        self._selected: tuple[Hashable, list[Row]] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __contains__(self, row_id: int) -> bool:
        return row_id in self.rows

    def get(self, row_id: int) -> Row | None:
        return self.rows.get(row_id)

    def value(self, row: Row, column: str) -> Any:
        """A row's value for a column, its table's default included."""
        return row[column] if column in row else self.defaults.get(column)

    def full(self, row: Row) -> Row:
        """The whole row, defaults included; the caller owns the outer dict only."""
        return self.defaults | row

    def find_id(self, column: str, value: Hashable) -> int | None:
        """The id of the row whose unique `column` has this value."""
        return self._unique[column].get(value)

    def in_group(self, group: int) -> list[Row]:
        """The rows of one group, in order of id."""
        return self._groups.get(group, [])

    def add(self, row: Row) -> Row:
        """Insert a row under the next id."""
        self.last_id += 1
        row = {"id": self.last_id, **row}
        self.rows[self.last_id] = row
        self._ids.append(self.last_id)
        self._index(row)
        if self.group is not None:
            self._groups.setdefault(row[self.group], []).append(row)
        self._version += 1
        return row

    def change(self, row: Row, changes: Row) -> None:
        """Set columns of a row; its group never changes."""
        self._unindex(row)
        row.update(changes)
        self._index(row)
        self._version += 1

    def remove(self, row_id: int) -> Row:
        row = self.rows.pop(row_id)
        del self._ids[bisect_left(self._ids, row_id)]
        self._unindex(row)
        if self.group is not None:
            self._groups[row[self.group]].remove(row)
        self._version += 1
        return row

    def between(self, above: int, below: int | None = None) -> list[Row]:
        """The rows with ids greater than `above` and less than `below`."""
        stop = len(self._ids) if below is None else bisect_left(self._ids, below)
        return [self.rows[row_id] for row_id in self._ids[bisect_right(self._ids, above) : stop]]

    def after(self, row_id: int, limit: int) -> list[Row]:
        """Up to `limit` rows with ids above `row_id`."""
        start = bisect_right(self._ids, row_id)
        return [self.rows[each] for each in self._ids[start : start + limit]]

    def select(self, key: Hashable, choose: Callable[[], Iterable[Row]]) -> list[Row]:
        """The rows that `choose` finds, remembered under `key` until the table changes.

        A client that pages through one listing thus filters and sorts once, not once a page.
        """
        remembered = (key, self._version)
        if self._selected is None or self._selected[0] != remembered:
            self._selected = (remembered, list(choose()))
        return self._selected[1]

    def _index(self, row: Row) -> None:
        for column, holders in self._unique.items():
            if value := row.get(column):
                holders.setdefault(value, row["id"])

    def _unindex(self, row: Row) -> None:
        for column, holders in self._unique.items():
            value = row.get(column)
            if value and holders.get(value) == row["id"]:
                del holders[value]
