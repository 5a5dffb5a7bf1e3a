"""PostgreSQL's files of the tests are made again when something that they depend on changes."""

from pathlib import Path

import pytest

from tests import prepared_database


@pytest.mark.parametrize("source", ["hub/migrations/0001_initial.py", "catalog/fields.py", "requirements.txt"])
def test_what_they_depend_on(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_database, "ROOT", tmp_path)
    path = tmp_path / source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("before")
    before = prepared_database.key()
    assert prepared_database.key() == before
    path.write_text("after")
    assert prepared_database.key() != before
