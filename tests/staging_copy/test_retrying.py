"""Staging's application connects again while its database changes places."""

import threading

import pytest
from django.db import OperationalError, connection

from staging_copy.postgres import Database
from staging_copy.retrying import base
from tests.staging_copy.conftest import House


def wrapper(database: Database) -> base.DatabaseWrapper:
    return base.DatabaseWrapper({**connection.settings_dict, "NAME": database.name}, alias="default")


def rename(house: House, old: str, new: str) -> None:
    with house.live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{old}" RENAME TO "{new}"')


def test_a_database_that_is_away_for_a_moment_is_waited_for(house: House) -> None:
    name, away = house.staging.name, f"{house.staging.name}_passing"
    rename(house, name, away)
    back = threading.Timer(0.3, rename, [house, away, name])
    back.start()
    staging = wrapper(house.staging)
    try:
        with staging.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_seller")
            assert cursor.fetchone() == (0,)
    finally:
        back.join()
        staging.close()


def test_a_database_that_does_not_come_back_is_an_error(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_PATIENCE", 0.2)
    with pytest.raises(OperationalError, match="does not exist"):
        wrapper(house.staging.named("nowhere")).ensure_connection()
