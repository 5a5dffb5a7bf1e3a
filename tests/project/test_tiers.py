"""`./dev test` runs the core tests; each other tier is asked for by name, and may have no tests yet."""

import re
from pathlib import Path

import pytest

from tests.__main__ import IN_PARALLEL, pytest_arguments
from tests.tiers import TIERS

pytest_plugins = ["pytester"]

TESTS = """
import pytest

def test_by_itself():
    pass

@pytest.mark.clients
def test_with_a_client():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    """Pytest with the tiers and nothing else of ours."""
    pytester.makepyfile(TESTS)
    pytester.makeini("[pytest]\naddopts = -p tests.tiers -p no:django --strict-markers\n")
    pytester.syspathinsert(Path(__file__).resolve().parents[2])
    return pytester


def test_what_has_no_marker_is_core(run: pytest.Pytester) -> None:
    run.runpytest_inprocess("-v").stdout.fnmatch_lines(["*test_by_itself PASSED*", "*1 passed, 1 deselected*"])


def test_a_tier_runs_its_own_tests_alone(run: pytest.Pytester) -> None:
    result = run.runpytest_inprocess("-v", "--tier", "clients")
    result.stdout.fnmatch_lines(["*test_with_a_client PASSED*", "*1 passed, 1 deselected*"])


def test_a_tier_without_tests_is_no_failure(run: pytest.Pytester) -> None:
    assert run.runpytest_inprocess("--tier", "real").ret == pytest.ExitCode.OK


def test_a_choice_that_matches_nothing_is_one(run: pytest.Pytester) -> None:
    assert run.runpytest_inprocess("-k", "nowhere").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert run.runpytest_inprocess("--tier", "clients", "-k", "nowhere").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_who_chooses_a_test_of_another_tier_is_told_which(run: pytest.Pytester) -> None:
    [path] = run.path.glob("test_*.py")
    result = run.runpytest_inprocess(f"{path.name}::test_with_a_client")
    result.stdout.fnmatch_lines(["tier: core (*10 minutes*", "1 of the chosen tests *: add --tier clients"])


def test_a_tier_that_does_not_exist_is_rejected(run: pytest.Pytester) -> None:
    assert run.runpytest_inprocess("--tier", "moon").ret == pytest.ExitCode.USAGE_ERROR


def test_only_whole_tiers_use_all_cores() -> None:
    assert pytest_arguments([]) == ["--tier=core", *IN_PARALLEL]
    assert pytest_arguments(["--tier", "system"]) == ["--tier=system", *IN_PARALLEL]
    assert pytest_arguments(["-k", "word"]) == ["--tier=core", "-k", "word"]
    assert pytest_arguments(["--tier", "clients"]) == ["--tier=clients"]


def test_coverage_is_measured_on_request_alone() -> None:
    assert not any(argument.startswith("--cov") for argument in pytest_arguments([]))
    assert "--cov" in pytest_arguments(["--cov"])
    assert set(IN_PARALLEL) <= set(pytest_arguments(["--cov"]))
    assert pytest_arguments(["--cov", "tests/hub"])[-1] == "tests/hub"


def test_every_tier_is_documented_and_runs_in_ci_within_forty_minutes(root: Path) -> None:
    documented = (root / "CONTRIBUTING.md").read_text()
    for tier in TIERS.values():
        assert re.search(rf"\| `{tier.name}` \|.*\| {tier.budget} min \| `var/cache/{tier.name}` \|", documented)
    assert f"for tier in {' '.join(TIERS)}; do" in (root / ".ci" / "run").read_text()
    assert sum(tier.budget for tier in TIERS.values()) <= 40
