"""Outgoing feeds of the catalogue, byte for byte."""

from tests.golden import access
from tests.golden.comparing import Golden
from tests.golden.rows import SELLER


def test_documents_of_outgoing_feeds(golden: Golden, rows: None) -> None:
    feeds = access.whole_feeds(SELLER)
    golden.check("feeds", {name: text.splitlines(keepends=True) for name, text in feeds.items()})
