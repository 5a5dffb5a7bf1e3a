"""Compact in-memory tables: a row stores only what differs from the defaults of its table.

100,000 products with their variants fit into a few hundred megabytes; a row becomes the vendor's full object only when
it is served.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

Row = dict[str, Any]


class Table:
    """Rows by ascending numeric ID, with unique columns and at most one grouping column.

    `unique` columns are indexed when their value is truthy. The caller enforces uniqueness (`find_id` returns the row
    with a value), because shops can contain duplicates.
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
        """Return a row's value for a column, or the table's default."""
        return row[column] if column in row else self.defaults.get(column)

    def full(self, row: Row) -> Row:
        """Return the whole row including defaults. The caller may modify the outer dict only."""
        return self.defaults | row

    def find_id(self, column: str, value: Hashable) -> int | None:
        """Return the ID of the row whose unique `column` has this value."""
        return self._unique[column].get(value)

    def in_group(self, group: int) -> list[Row]:
        """Return the rows of one group, ordered by ID."""
        return self._groups.get(group, [])

    def add(self, row: Row) -> Row:
        """Insert a row with the next ID."""
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
        """Set columns of a row. The grouping column must not change."""
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
        """Return the rows with IDs greater than `above` and less than `below`."""
        stop = len(self._ids) if below is None else bisect_left(self._ids, below)
        return [self.rows[row_id] for row_id in self._ids[bisect_right(self._ids, above) : stop]]

    def after(self, row_id: int, limit: int) -> list[Row]:
        """Return up to `limit` rows with IDs above `row_id`."""
        start = bisect_right(self._ids, row_id)
        return [self.rows[each] for each in self._ids[start : start + limit]]

    def select(self, key: Hashable, choose: Callable[[], Iterable[Row]]) -> list[Row]:
        """Return the rows that `choose` finds, cached under `key` until the table changes.

        A client that pages through a listing thus filters and sorts once instead of once per page.
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
