"""Staging's database backend retries connections during a swap."""

import threading

import pytest
from django.db import OperationalError, connection

from staging_copy.postgres import Database
from staging_copy.retrying import base
from tests.staging_copy.conftest import CopyDatabases

pytestmark = pytest.mark.system


def wrapper(database: Database) -> base.DatabaseWrapper:
    return base.DatabaseWrapper({**connection.settings_dict, "NAME": database.name}, alias="default")


def rename(copy_databases: CopyDatabases, old: str, new: str) -> None:
    with copy_databases.live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{old}" RENAME TO "{new}"')


def test_a_briefly_missing_database_is_retried(copy_databases: CopyDatabases) -> None:
    name, away = copy_databases.staging.name, f"{copy_databases.staging.name}_passing"
    rename(copy_databases, name, away)
    back = threading.Timer(0.3, rename, [copy_databases, away, name])
    back.start()
    staging = wrapper(copy_databases.staging)
    try:
        with staging.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_seller")
            assert cursor.fetchone() == (0,)
    finally:
        back.join()
        staging.close()


def test_a_database_that_stays_missing_is_an_error(
    copy_databases: CopyDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_RETRY_SECONDS", 0.2)
    with pytest.raises(OperationalError, match="does not exist"):
        wrapper(copy_databases.staging.named("nowhere")).ensure_connection()
