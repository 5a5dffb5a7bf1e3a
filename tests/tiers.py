"""Pytest plugin: the tiers of the tests. A test without a tier's marker belongs to `core`, which runs by default.

A tier may keep what it downloads or builds in `Tier.cache`, which outlives the run.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

CACHES = Path(__file__).resolve().parent.parent / "var" / "cache"


@dataclass(frozen=True)
class Tier:
    """Tests that need the same surroundings."""

    name: str
    holds: str
    # Minutes that the whole tier may take on two cores, with nothing in its cache.
    budget: int
    # Whether all of its tests may run in several processes. In one, a test may have a server to itself.
    parallel: bool = False

    @property
    def cache(self) -> Path:
        return CACHES / self.name


TIERS = {
    tier.name: tier
    for tier in (
        Tier("core", "what the machine can run by itself, but for whole installations", 10, parallel=True),
        Tier("system", "whole installations: processes, outages, upgrades, backups, staging", 8, parallel=True),
        Tier("clients", "API clients that others wrote, against our API and our sandbox", 8),
        Tier("postgres", "every PostgreSQL version that we support", 4),
        Tier("real", "real servers behind the adapters, and the services of the image", 10),
    )
}
_has_tests = pytest.StashKey[bool]()
_left_out = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tier", choices=list(TIERS), default="core", help="which tests run (default: core)")


def pytest_configure(config: pytest.Config) -> None:
    for tier in TIERS.values():
        if tier.name != "core":
            config.addinivalue_line("markers", f"{tier.name}: {tier.holds} (./dev test --tier {tier.name})")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("tier")
    others = [item for item in items if tier_of(item) != wanted]
    items[:] = [item for item in items if tier_of(item) == wanted]
    config.stash[_has_tests] = bool(items)
    config.stash[_left_out] = Counter(tier_of(item) for item in others)
    if others:
        config.hook.pytest_deselected(items=others)


def pytest_report_header(config: pytest.Config) -> str:
    tier = TIERS[config.getoption("tier")]
    return f"tier: {tier.name} ({tier.holds}), at most {tier.budget} minutes on two cores; others by --tier"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Whoever chose only tests of other tiers is told how they run."""
    if not config.stash.get(_has_tests, True):
        for name, number in config.stash[_left_out].items():
            terminalreporter.write_line(f"{number} of the chosen tests belong to the tier {name}: add --tier {name}")


def tier_of(item: pytest.Item) -> str:
    return next((name for name in TIERS if item.get_closest_marker(name)), "core")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A tier that has no tests yet is no failure."""
    empty = session.config.getoption("tier") != "core" and not session.config.stash.get(_has_tests, True)
    if empty and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
