"""Comparing what the product makes with what it made when the golden files were written."""

from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

FILES = Path(__file__).parent / "files"
UPDATE = "--update-golden"
SHOWN = 80


class Golden:
    """The golden files of one run. With `update` they are written instead of compared."""

    def __init__(self, *, update: bool) -> None:
        self.update = update

    def check(self, name: str, document: Any) -> None:
        """Fail with the lines that differ, unless the document is what the file of that name holds."""
        path = FILES / f"{name}.json"
        created = as_text(document)
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(created)
        kept = path.read_text() if path.exists() else ""
        if created != kept:
            lines = unified_diff(kept.splitlines(), created.splitlines(), f"golden {name}", "now", n=4, lineterm="")
            pytest.fail("\n".join(islice(lines, SHOWN)), pytrace=False)


def as_text(document: Any) -> str:
    """Canonical JSON for people: sorted keys, two blanks of indent."""
    return orjson.dumps(
        document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    ).decode()
