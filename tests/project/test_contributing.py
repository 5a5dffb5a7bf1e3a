"""What contributors and operators rely on agrees with itself: hooks, workflow, decision records, releases."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture
def matrix(root: Path) -> list[dict[str, str]]:
    """The environments of the workflow, each of which calls `.ci/run`."""
    job = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["test"]
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    return list(job["strategy"]["matrix"]["include"])


def lint(root: Path, *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ".ci/lint.py", *names], cwd=root, capture_output=True, text=True, check=False
    )


def test_the_hooks_run_the_checks_of_lint(root: Path) -> None:
    answer = lint(root, "no such check")
    assert answer.returncode == 2
    checks = answer.stderr.strip().rstrip(".").partition("there are: ")[2].split(", ")
    hooks = (root / ".pre-commit-config.yaml").read_text()
    assert len(checks) > 5
    # The database of vulnerabilities is asked once a day, not at each commit.
    assert [name for name in checks if name not in hooks] == ["known vulnerabilities"]


def test_a_hook_can_run_one_check(root: Path) -> None:
    answer = lint(root, "format")
    assert answer.returncode == 0
    assert re.findall(r"^ok +(\w+)", answer.stdout, re.MULTILINE) == ["format"]


def test_the_workflow_covers_what_is_supported(root: Path, project: dict[str, Any], matrix: list[Any]) -> None:
    first, last, oldest, newest = re.findall(
        r"Python 3\.(\d+) to 3\.(\d+) and PostgreSQL (\d+) to (\d+) are tested",
        (root / "docs" / "upgrading.md").read_text(),
    )[0]
    pythons = {f"3.{minor}" for minor in range(int(first), int(last) + 1)}
    assert {each["python"] for each in matrix} == pythons
    assert {each["postgres"] for each in matrix} == set(map(str, range(int(oldest), int(newest) + 1)))
    language = "Programming Language :: Python :: "
    assert {each.removeprefix(language) for each in project["classifiers"] if each.startswith(language)} == pythons
    assert project["requires-python"] == f">=3.{first}"


def test_decision_records_are_numbered_and_complete(root: Path) -> None:
    folder = root / "docs" / "decisions"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    index = (folder / "README.md").read_text()
    for number, path in enumerate(records, 1):
        text = path.read_text()
        title = re.match(rf"# {number}\. (.+)\n", text)
        assert title and f"| {path.name[:4]} | [{title[1]}]({path.name}) |" in index, path.name
        headings = re.findall(r"^## (.+)", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path.name
        assert len(text.splitlines()) <= 60, path.name


def test_every_release_has_a_date_and_a_database(root: Path, project: dict[str, Any]) -> None:
    changelog = (root / "CHANGELOG.md").read_text()
    sections = re.findall(r"^## (.+)", changelog, re.MULTILINE)
    assert sections[0] == "[Unreleased]"
    releases = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", section) for section in sections[1:]]
    assert all(releases)
    versions = [release[1] for release in releases if release]
    assert versions[0] == project["version"]
    databases = root / "tests" / "upgrade" / "databases"
    assert {folder.name for folder in databases.iterdir()} == set(versions)
    assert [file for file in databases.rglob("*.gz") if file.stat().st_size > 200_000] == []
