"""Modules of the adapter SDK and of the platforms stay small enough to be read at once."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = {"connectors/sdk": 250, "connectors/platforms": 300}


@pytest.mark.parametrize("folder", MOST_LINES)
def test_no_module_is_too_long(folder: str) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert lengths
    assert {path: length for path, length in lengths.items() if length > MOST_LINES[folder]} == {}
