"""The tests' browser is the first that starts: the machine's, Playwright's, then one that is installed."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests import browser_binary
from tests.browser_binary import NoBrowser, ensure_browser, ensure_driver, find, starts

Program = Callable[[str, str], Path]
PAGE = "echo '<html></html>'"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `var/browser` with nothing in it."""
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setattr(browser_binary, "CACHE", cache)
    return cache


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """`program(name, script)`: a program that answers as the shell script does."""

    def make(name: str, script: str) -> Path:
        path = tmp_path / "programs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def never() -> Iterable[Path]:
    pytest.fail("This source was asked although an earlier one had a browser.")


def test_the_machines_own_is_asked_for_first_and_packages_last() -> None:
    order = [source.__name__ for source in browser_binary.SOURCES]
    assert order == ["installed", "downloaded", "download", "system_packages"]


def test_what_does_not_start_is_passed_over_and_later_sources_are_left_alone(program: Program, cache: Path) -> None:
    broken = program("broken", "echo 'libnss3.so: cannot open shared object file' >&2; exit 127")
    stub = program("stub", "echo 'please install the snap'")
    works = program("works", PAGE)
    assert find([lambda: [broken, stub, cache / "missing"], lambda: [], lambda: [works], never]) == works
    assert "libnss3" in (cache / "log").read_text()


def test_a_browser_that_hangs_does_not_start(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_binary, "START_SECONDS", 0.2)
    assert not starts(program("hangs", "exec tail -f /dev/null"))


def test_without_any_the_message_is_one_line_that_says_what_to_install() -> None:
    with pytest.raises(NoBrowser, match="apt-get install chromium") as rejected:
        find([lambda: []])
    assert "\n" not in str(rejected.value)


def test_the_search_is_done_once(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    works = program("works", PAGE)
    monkeypatch.setattr(browser_binary, "SOURCES", (lambda: [works],))
    assert ensure_browser() == works
    monkeypatch.setattr(browser_binary, "SOURCES", (never,))
    assert ensure_browser() == works


def test_one_that_was_removed_since_is_looked_for_again(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = program("first", PAGE), program("second", PAGE)
    monkeypatch.setattr(browser_binary, "SOURCES", (lambda: [first],))
    ensure_browser()
    first.unlink()
    monkeypatch.setattr(browser_binary, "SOURCES", (lambda: [second],))
    assert ensure_browser() == second


def test_the_machines_own_is_found_on_path(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    chromium = program("chromium", PAGE)
    monkeypatch.setenv("PATH", str(chromium.parent))
    monkeypatch.setattr(browser_binary, "PLACES", ())
    assert list(browser_binary.installed()) == [chromium]


def test_playwrights_downloads_are_found_newest_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_binary, "PLAYWRIGHT_CACHES", ())
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    shells = [
        cache / f"chromium_headless_shell-{build}" / "linux" / "chrome-headless-shell" for build in ("1001", "1002")
    ]
    for age, shell in zip((2, 1), shells, strict=True):
        shell.parent.mkdir(parents=True)
        shell.touch()
        os.utime(shell.parent.parent, (10 - age, 10 - age))
    (cache / "ffmpeg-1011").mkdir()
    assert list(browser_binary.downloaded()) == list(reversed(shells))


def test_a_download_that_fails_is_no_error_and_stays_quiet(
    program: Program, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", str(program("python", "echo 'getaddrinfo ENOTFOUND' >&2; exit 1")))
    assert list(browser_binary.download()) == []
    assert capfd.readouterr().err == "Downloading Chromium for the browser tests ...\n"


def test_packages_are_installed_by_root_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(browser_binary, "_run", lambda *_, **__: pytest.fail("Something was installed."))
    assert list(browser_binary.system_packages()) == []


def test_a_driver_that_lacks_a_library_gets_it(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "libatomic"
    monkeypatch.setattr(sys, "executable", str(program("python", f"test -e '{library}'")))
    monkeypatch.setattr(browser_binary, "_can_install", lambda: True)
    monkeypatch.setattr(browser_binary, "_install_packages", lambda name: library.with_name(name[:-1]).touch())
    ensure_driver()


def test_who_cannot_install_is_told_what_the_driver_lacks(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(program("python", "exit 127")))
    monkeypatch.setattr(browser_binary, "_can_install", lambda: False)
    with pytest.raises(NoBrowser, match="apt-get install libatomic1"):
        ensure_driver()
