"""Listings that only have page numbers: they end where the platform says, and never go on forever."""

import pytest

from connectors.sdk.errors import ListingRepeats
from connectors.sdk.paging import Cursor, Slice, all_pages, numbered_page


def read_all(pages: list[list[int]]) -> list[int]:
    """Pages of `numbered_page`, of a platform that announces as many as there are."""
    found: list[int] = []
    cursor: Cursor = None
    while True:
        rows, cursor = numbered_page(cursor, lambda number: (pages[number - 1], number < len(pages)))
        found += rows
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("pages", "rows"),
    [([[1, 2], [3]], [1, 2, 3]), ([[1, 2], [], [3]], [1, 2, 3]), ([[], []], []), ([[1], [2, 2]], [1, 2, 2])],
)
def test_an_empty_page_is_not_the_end_of_a_listing(pages: list[list[int]], rows: list[int]) -> None:
    def read(number: int) -> Slice:
        return pages[number - 1], number < len(pages)

    assert read_all(pages) == all_pages(read) == rows


def test_a_page_that_comes_twice_is_refused() -> None:
    with pytest.raises(ListingRepeats):
        all_pages(lambda number: ([1], True))
    with pytest.raises(ListingRepeats):
        read_all([[1], [1], [2]])
