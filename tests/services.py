"""Pytest plugin: private services for this run, started before Django reads its settings.

Loaded by `-p tests.services`, because pytest-django reads the settings before any conftest.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from synccenter import embedded
from tests import prepared_database

ROOT = Path(__file__).resolve().parent.parent
# Set where this process has a server of its own, with a test database that is migrated.
has_prepared_database = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Every run, and every process of a run on several cores, has a `var` and services of its own, since some tests
    kill them.

    DATABASE_URL and REDIS_URL, where both are given (another PostgreSQL version, say), are taken as they are.
    """
    runs = ROOT / "var" / "test"
    # A process that was given its tests by another inherits the other's addresses; they are not a person's wish.
    inherited = Path(os.environ.get("SYNCCENTER_VAR", "")).parent == runs
    given = {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys() and not inherited
    runs.mkdir(parents=True, exist_ok=True)
    run = Path(tempfile.mkdtemp(prefix="run-", dir=runs))
    # As root, PostgreSQL runs as somebody else, who must be able to enter.
    run.chmod(0o755)
    (run / "static").mkdir()
    os.environ |= {"ENVIRONMENT": "development", "SYNCCENTER_VAR": str(run)}
    # Tests start hundreds of processes; each would compile every module of ours anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    options = early_config.known_args_namespace
    distributes = getattr(options, "numprocesses", None) and "PYTEST_XDIST_WORKER" not in os.environ
    if options.help or options.version or given or distributes:
        early_config.add_cleanup(lambda: shutil.rmtree(run))
        if distributes and not given:
            # Its processes would wait for each other.
            prepared_database.ensure()
    else:
        prepared_database.copy_to(run)
        early_config.stash[has_prepared_database] = True
        os.environ |= embedded.ensure(run, throwaway=True, fsync=False).environment()
        early_config.add_cleanup(lambda: embedded.stop(run))
    return (yield)
