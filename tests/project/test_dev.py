"""`./dev` creates its environment once, from any folder, even if it is called twice at the same time."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

MANAGE = "import os, sys\nprint('ran', sys.argv[1:], sys.prefix, os.environ['ENVIRONMENT'])\n"


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Path:
    """A checkout with nothing to install, to test only the setup."""
    clone = tmp_path / "a clone"
    clone.mkdir()
    shutil.copy(root / "dev", clone / "dev")
    (clone / "manage.py").write_text(MANAGE)
    (clone / "requirements.txt").write_text("# nothing\n")
    return clone


def call(clone: Path, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen([clone / "dev", *argv], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_at_once_make_one_environment_in_place_of_a_broken_link(clone: Path) -> None:
    (clone / ".venv").symlink_to("/nowhere/.venv")
    both = [call(clone, "manage", "first"), call(clone, "manage", "second")]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    for word, (output, _) in zip(("first", "second"), answers, strict=True):
        assert output == f"ran ['{word}'] {clone / '.venv'} development\n"
    for message in ("Replacing .venv, a link to /nowhere/.venv, which does not exist.", "Installing"):
        assert sum(message in errors for _, errors in answers) == 1

    with call(clone, "manage", "again") as third:
        assert "Installing" not in third.communicate(timeout=120)[1]

    (clone / "requirements.txt").write_text("# still nothing\n")
    with call(clone, "manage", "later") as fourth:
        assert "Installing" in fourth.communicate(timeout=120)[1]


def test_a_file_in_place_of_the_environment_is_kept_and_refused_with_the_fix(clone: Path) -> None:
    (clone / ".venv").write_text("mine")
    with call(clone, "manage", "first") as process:
        output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (1, "")
    assert errors == f"{clone / '.venv'} is not a directory. Delete or rename it, then try again.\n"
    assert (clone / ".venv").read_text() == "mine"


def test_help_installs_nothing(clone: Path) -> None:
    with call(clone) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert {"demo", "up", "test", "lint", "bench", "manage"} <= {
        line.split()[1] for line in output.splitlines() if line.startswith("./dev")
    }
    assert not (clone / ".venv").exists()


def test_an_unknown_command_is_rejected_with_the_list_of_commands(clone: Path) -> None:
    with call(clone, "destroy") as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert output == ""
    assert "./dev demo" in errors
