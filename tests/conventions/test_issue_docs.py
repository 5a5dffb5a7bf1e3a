"""docs/issues.md lists every type of issue with its texts, and the pages that types name exist."""

from synclog.issue_catalog import ISSUE_TYPES
from tests.conventions import issue_reference


def test_the_page_lists_the_catalog_as_it_is() -> None:
    page = issue_reference.PAGE.read_text()
    assert page == issue_reference.text(), "run: .venv/bin/python -m tests.conventions.issue_reference"
    for code, issue_type in ISSUE_TYPES.items():
        assert f"### `{code}`: {issue_type.title}\n" in page


def test_pages_that_types_name_exist() -> None:
    named = {issue_type.docs for issue_type in ISSUE_TYPES.values()}
    assert [page for page in named if not (issue_reference.PAGE.parent / page).is_file()] == []
