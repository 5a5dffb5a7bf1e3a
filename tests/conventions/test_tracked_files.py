"""What the repository holds is source: nothing that a checkout makes for itself, and no link out of the tree."""

import subprocess

from synccenter.settings import BASE_DIR


def git(*arguments: str) -> list[str]:
    completed = subprocess.run(["git", *arguments], cwd=BASE_DIR, check=True, capture_output=True, text=True)
    return completed.stdout.splitlines()


def test_no_ignored_file_is_tracked() -> None:
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []


def test_no_symbolic_link_is_tracked() -> None:
    """A tracked `.venv` that pointed at one machine's folder once broke every other checkout."""
    assert [line for line in git("ls-files", "--stage") if line.startswith("120000")] == []
