"""Golden tests: options and fixtures. README.md says when and how to write the files again."""

from collections.abc import Iterator

import pytest

from tests.golden import access, recording
from tests.golden.comparing import UPDATE, Golden
from tests.golden.rows import ROWS, SHOP, SHOP_LINKS


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("golden")
    group.addoption(UPDATE, action="store_true", help="write the golden files again instead of comparing with them")
    group.addoption(
        recording.RECORD, action="store_true", help="record the responses of the sandbox from which imports are read"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    # In a run of all tests the options are not known, since pytest reads this file too late for them.
    return Golden(update=request.config.getoption(UPDATE, default=False))


@pytest.fixture
def rows(db: None) -> None:
    """A seller with its shop and everything that is exported, with fixed ids."""
    access.save(ROWS)
    access.save_links(SHOP, SHOP_LINKS)


@pytest.fixture
def answers(request: pytest.FixtureRequest) -> Iterator[recording.Answers]:
    """The network: recorded answers and nothing else."""
    with recording.Answers(record=request.config.getoption(recording.RECORD, default=False)) as network:
        yield network
