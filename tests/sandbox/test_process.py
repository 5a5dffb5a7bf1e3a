"""The sandbox as a program: its ready line, its exit, its error messages, and that it does not need Django."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import process
from sandbox.__main__ import build_parser
from sandbox.platforms import PLATFORMS

ROOT = Path(process.__file__).resolve().parent.parent


def test_it_prints_its_url_as_one_line_and_stops_on_a_signal() -> None:
    command = [sys.executable, "-m", "sandbox", "rest", "--account", "a=t"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        assert ready == {"platform": "rest", "url": ready["url"], "accounts": ["a"]}
        assert ready["url"].startswith("http://127.0.0.1:")
        running.terminate()
        assert running.stdout.read() == ""
        running.wait(timeout=60)


def test_help_names_every_platform() -> None:
    text = build_parser().format_help()
    for name in PLATFORMS:
        assert name in text


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["rest"], "--account"),
        (["rest", "--account", "nameless"], "NAME=TOKEN"),
        (["elevate", "--account", "a=t", "--market", "uk"], "MARKET:LOCALE"),
        (["shopless", "--account", "a=t"], "invalid choice"),
    ],
)
def test_invalid_arguments_are_named(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(arguments)
    assert complaint in capsys.readouterr().err


def test_a_sandbox_that_cannot_start_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="exited with 2"):
        process.start("rest", accounts={})


def test_it_does_not_need_django() -> None:
    probe = (
        "import sys, sandbox.__main__, sandbox.platforms as all;"
        "[all.platform_class(name) for name in all.PLATFORMS]; sys.exit('django' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True, timeout=60)
