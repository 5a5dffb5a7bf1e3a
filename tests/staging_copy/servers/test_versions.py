"""Copies between all supported versions of PostgreSQL, as live's and as staging's server."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from staging_copy import policies
from staging_copy.backup import backups
from staging_copy.copying import copier, restore, swap, target
from staging_copy.copying.config import Config
from staging_copy.copying.journal import Journal
from staging_copy.postgres import SERVER_VERSIONS, Database
from tests.staging_copy.conftest import CopyDatabases, Live
from tests.staging_copy.servers.conftest import Server

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("version", SERVER_VERSIONS)
def test_live_on_any_version_is_backed_up_restored_and_copied_to_every_version(
    servers: dict[int, Server], copy_databases: CopyDatabases, live: Live, version: int, settings: Any, tmp_path: Path
) -> None:
    now, policy, home = timezone.now(), policies.load(), tmp_path / "archives"
    backups.take(copy_databases.live, home, name="here", origin="manual", now=now)
    there = servers[version].database(f"live_{version}")
    restore.restore_into(there, home / "here", policy=policy, jobs=1, on_progress=lambda line: None)
    manifest = backups.take(there, home, name="there", origin="manual", now=now)
    assert manifest.server_version.startswith(f"{version}.")
    for server in servers.values():
        staging = server.database(f"from_{version}")
        server.execute(f"CREATE DATABASE {staging.name}")
        config = replace(
            Config.from_settings(), live=there, staging=staging, backups=home, processes=1, journals=tmp_path / "copies"
        )
        target.register(staging, there, config.journals, now=now)
        if server.version == version:
            copier.run(config, policy, manifest, Journal.create(config.journals, now), copier.Watcher(), dry_run=True)
            assert swap.databases(staging, swap.names(staging)).keys() == {staging.name}
        record = Journal.create(config.journals, now)
        report = copier.run(config, policy, manifest, record, copier.Watcher())
        assert not record.is_open and report["leaks"]["addresses_outside_the_masking_domain"] == 0
        [(email,)] = copy_databases.query("SELECT email FROM orders_customer", on=staging)
        assert email.endswith("@sellercenter.net")
        copier.rollback(config, policy, Journal.create(config.journals, now))
        assert copy_databases.query("SELECT to_regclass('orders_customer')", on=staging) == [(None,)]
        _drop(staging)
    _drop(there)


def _drop(database: Database) -> None:
    for name in swap.names(database):
        swap.drop(database, name)
