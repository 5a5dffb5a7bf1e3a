"""Installations that began with an earlier version, and were upgraded to this one as an operator would."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from hub.models import Connection
from sandbox import process as sandbox_process
from sandbox.process import SandboxProcess
from staging_copy.postgres import Database
from tests.upgrade.contents import put
from tests.upgrade.make_database import ACCOUNTS, DATABASES, ROOT

RELEASES = sorted(folder.name for folder in DATABASES.iterdir())


def newest(databases: Path) -> Path:
    """The folder of the latest release among those of a checkout."""
    return max(databases.iterdir(), key=lambda folder: tuple(int(part) for part in folder.name.split(".")))


@dataclass
class Installation:
    """The database of a release after its upgrade, behind Django's default connection for the length of a test."""

    database: Database
    systems: SandboxProcess

    def writes(self) -> list[dict[str, Any]]:
        """Calls that could have changed something in a connected system."""
        return [call for call in self.systems.calls() if call["method"] in ("PUT", "DELETE")]


def execute(database: Database, sql: str) -> None:
    with database.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(sql)


def restore(database: Database, folder: Path) -> None:
    """Creates the database, as `make_database` wrote it into the folder."""
    execute(database.maintenance, f'DROP DATABASE IF EXISTS "{database.name}"')
    execute(database.maintenance, f'CREATE DATABASE "{database.name}" TEMPLATE template0')
    execute(database, gzip.decompress((folder / "database.sql.gz").read_bytes()).decode())


def fill_systems(systems: SandboxProcess, folder: Path) -> None:
    """Puts into the connected systems what they held when the database in the folder was made."""
    for account, kinds in json.loads((folder / "systems.json").read_text()).items():
        for kind, objects in kinds.items():
            put(systems, account, kind, objects)
    systems.clear_calls()


@contextmanager
def default_database(database: Database, systems: SandboxProcess) -> Iterator[None]:
    """Within the block, the database is behind Django's default connection, and its connections call the systems."""
    connection.close()
    name, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], database.name
    try:
        Connection.objects.filter(platform__startswith="rest").update(base_url=systems.url)
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = name
        execute(database.maintenance, f'DROP DATABASE "{database.name}" WITH (FORCE)')
        systems.reset()


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """The version that the installation began with."""
    return str(request.param)


@pytest.fixture(scope="module")
def upgraded(release: str) -> Iterator[Database]:
    """The release's database, restored and migrated: a template, which tests do not change."""
    database = Database.from_url(os.environ["DATABASE_URL"]).named(f"upgraded_{release}")
    restore(database, DATABASES / release)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database.url},
    )
    yield database
    execute(database.maintenance, f'DROP DATABASE "{database.name}"')


@pytest.fixture(scope="module")
def connected_systems() -> Iterator[SandboxProcess]:
    with sandbox_process.start("rest", accounts=ACCOUNTS) as systems:
        yield systems


@pytest.fixture
def installation(
    release: str, upgraded: Database, connected_systems: SandboxProcess, django_db_blocker: DjangoDbBlocker
) -> Iterator[Installation]:
    """A copy of the upgraded database, and its systems with what they held then."""
    fill_systems(connected_systems, DATABASES / release)
    copy = upgraded.named(f"{upgraded.name}_copy")
    execute(copy.maintenance, f'CREATE DATABASE "{copy.name}" TEMPLATE "{upgraded.name}"')
    with django_db_blocker.unblock(), default_database(copy, connected_systems):
        yield Installation(copy, connected_systems)
