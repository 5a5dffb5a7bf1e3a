"""Writes docs/issues.md from the catalog of issue types: `.venv/bin/python -m tests.conventions.issue_reference`."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).parents[2] / "docs" / "issues.md"

INTRODUCTION = """\
# Issues

Every type of issue that merchants see in the dashboard and that the API returns, with its code. In the texts,
`{platform}` is the platform where the issue was found, `{source}` the platform where the item is edited; other names in
braces are values of the item. A **blocking** issue keeps the item from being synced until it is fixed; with any other,
the item is synced, and the issue says what to look at. Issues are resolved automatically when the item has been synced
without them.

The types are declared in `synclog/issue_catalog/`, and `.venv/bin/python -m tests.conventions.issue_reference` writes
this page.
"""


def text() -> str:
    from synclog.issue_catalog import general, orders, products

    chapters = [
        ("Products, stock, prices, categories and brands", products),
        ("Orders and customers", orders),
        ("All kinds of items", general),
    ]
    return INTRODUCTION + "".join(f"\n## {title}\n{''.join(_sections(module))}" for title, module in chapters)


def _sections(module: ModuleType) -> Iterator[str]:
    from synclog.issue_catalog import IssueType

    for issue_type in (value for value in vars(module).values() if isinstance(value, IssueType)):
        messages = [issue_type.message, *filter(None, [issue_type.message_plural])]
        guide = "" if issue_type.docs == PAGE.name else f"\n- See [{issue_type.docs}]({issue_type.docs})"
        yield (
            f"\n### `{issue_type.code}`: {issue_type.title}\n\n"
            f"- What: {' / '.join(map(str, messages))}\n"
            f"- Fix: {issue_type.fix}\n"
            f"- {'Blocking: the item is not synced' if issue_type.blocking else 'The item is synced'}{guide}\n"
        )


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
    os.environ.setdefault("ENVIRONMENT", "development")
    django.setup()
    PAGE.write_text(text())
