"""Pytest plugin: the tiers of the tests. A test without a tier's marker belongs to `core`, which runs by default.

A tier may keep what it downloads or builds in `Tier.cache`, which outlives the run.
"""

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

    @property
    def cache(self) -> Path:
        return CACHES / self.name


TIERS = {
    tier.name: tier
    for tier in (
        Tier("core", "everything that the machine can run by itself", 10),
        Tier("clients", "API clients that others wrote, against our API and our sandbox", 10),
        Tier("postgres", "every PostgreSQL version that we support", 10),
        Tier("real", "real servers behind the adapters, and the services of the image", 10),
    )
}
_has_tests = pytest.StashKey[bool]()


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
    if others:
        config.hook.pytest_deselected(items=others)


def tier_of(item: pytest.Item) -> str:
    return next((name for name in TIERS if item.get_closest_marker(name)), "core")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A tier that has no tests yet is no failure."""
    empty = session.config.getoption("tier") != "core" and not session.config.stash.get(_has_tests, True)
    if empty and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
