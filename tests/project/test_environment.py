"""Environment variables: secrets from files, and passwords of any characters."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from synccenter import environment


def test_a_secret_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pa$$ word\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))
    assert environment.text("SOME_SECRET") == "pa$$ word"
    assert environment.words("SOME_SECRET") == ["pa$$ word"]
    monkeypatch.setenv("SOME_SECRET", "direct")
    assert environment.text("SOME_SECRET") == "direct"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=r"SOME_SECRET_FILE=.*missing.* cannot be read"):
        environment.text("SOME_SECRET", "default")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me@db/hub", "postgresql://me:p%40ss%2Fw%3Ard%23@db/hub"),
        (
            "postgresql://me@db:6432/hub?sslmode=require",
            "postgresql://me:p%40ss%2Fw%3Ard%23@db:6432/hub?sslmode=require",
        ),
        ("redis://[::1]:6379/0", "redis://:p%40ss%2Fw%3Ard%23@[::1]:6379/0"),
        ("postgresql://me:own@db/hub", "postgresql://me:own@db/hub"),
        ("", ""),
    ],
)
def test_a_password_of_any_characters_gets_into_the_url(
    url: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_URL", url)
    monkeypatch.setenv("SOME_PASSWORD", "p@ss/w:rd#")
    assert environment.url_with_password("SOME_URL", "SOME_PASSWORD", "") == expected


def test_a_password_that_breaks_the_url_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", "postgresql://me:p/ss@db/hub")
    with pytest.raises(ImproperlyConfigured, match="Set the password as SOME_PASSWORD, or percent-encode it"):
        environment.url_with_password("SOME_URL", "SOME_PASSWORD")
