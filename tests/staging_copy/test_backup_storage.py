"""Backups in object storage are encrypted, come back whole, and their restore is rehearsed."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from moto.server import ThreadedMotoServer

from hub.alerts import collect_findings
from staging_copy import services
from staging_copy.backup.encryption import DecryptionFailed, Keys
from staging_copy.backup.object_storage import StorageFailed
from staging_copy.copying import rehearsal
from staging_copy.models import Backup
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system

KEY, OTHER_KEY = "a" * 43 + "=", "b" * 42 + "A="


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, copy_databases: CopyDatabases, live: Live, settings: Any, request: Any) -> Any:
    """An empty bucket, which the settings name."""
    name = f"bucket-{abs(hash(request.node.name))}"
    s3 = boto3.resource(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    settings.BACKUP_STORAGE_BUCKET = name
    settings.BACKUP_STORAGE_PREFIX = "live/"
    settings.BACKUP_STORAGE_ENDPOINT = endpoint
    settings.BACKUP_STORAGE_REGION = "us-east-1"
    settings.BACKUP_STORAGE_ACCESS_KEY = "key"
    settings.BACKUP_STORAGE_SECRET_KEY = "secret"
    settings.BACKUP_ENCRYPTION_KEYS = [KEY]
    return s3.create_bucket(Bucket=name)


def test_a_stored_backup_is_encrypted_and_comes_back_after_the_loss_of_everything_else(
    bucket: Any, settings: Any, tmp_path: Path
) -> None:
    backup = services.take_backup()
    assert services.store_backups() == [backup.name] and services.store_backups() == []
    contents = {each.key: each.get()["Body"].read() for each in bucket.objects.all()}
    assert f"live/{backup.name}/manifest.json" in contents
    assert not [key for key, content in contents.items() if b"alice" in content.lower() or b"PGDMP" in content]

    Backup.objects.all().delete()
    settings.BACKUP_DIR = tmp_path / "a new machine"
    settings.BACKUP_ENCRYPTION_KEYS = [OTHER_KEY, KEY]
    listed = io.StringIO()
    call_command("backup_live", "--stored", stdout=listed)
    assert listed.getvalue().split() == [backup.name]
    call_command("backup_live", "--fetch", backup.name, stdout=io.StringIO())
    fetched = Backup.objects.get()
    assert (fetched.checksum, fetched.state) == (backup.checksum, Backup.State.GOOD)
    assert services.run_copy(copy=services.start_copy(by=None)).state == "done"


def test_retention_differs_between_the_machine_and_the_storage(bucket: Any, settings: Any) -> None:
    now = timezone.now()
    old, newer, last = (services.take_backup(now=now - timedelta(days=days)) for days in (200, 20, 0))
    assert services.prune_backups(now=now) == []  # they are not stored yet
    services.store_backups()
    assert sorted(services.prune_backups(now=now)) == sorted([old.name, newer.name])
    assert services.prune_storage(now=now) == [old.name]
    states = dict(Backup.objects.values_list("name", "state"))
    assert states == {old.name: "deleted", newer.name: "stored", last.name: "good"}
    assert services.stored_names() == sorted([newer.name, last.name])
    assert services.fetch_backup(name=newer.name).state == Backup.State.GOOD


def test_a_storage_that_fails_is_recorded_and_alerted_and_tried_again(
    bucket: Any, settings: Any, endpoint: str
) -> None:
    backup = services.take_backup()
    bucket.delete()
    with pytest.raises(StorageFailed):
        services.store_backups()
    backup.refresh_from_db()
    assert backup.stored_at is None and "could not be stored" in backup.problem
    later = timezone.now() + timedelta(hours=7)
    assert any("is not in the object storage yet" in each.message for each in collect_findings(now=later))
    bucket.create()
    # A backup without files does not keep newer ones from being stored.
    folder = Path(settings.BACKUP_DIR) / backup.name
    newer = services.take_backup(now=timezone.now() + timedelta(minutes=1))
    folder.rename(folder.with_name(".elsewhere"))
    with pytest.raises(FileNotFoundError):
        services.store_backups()
    backup.refresh_from_db()
    newer.refresh_from_db()
    assert backup.stored_at is None and backup.name in backup.problem and newer.stored_at is not None
    folder.with_name(".elsewhere").rename(folder)
    assert services.store_backups() == [backup.name]


def test_the_rehearsal_restores_and_counts_what_is_stored(
    bucket: Any, settings: Any, copy_databases: CopyDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = services.take_backup()
    services.store_backups()
    connection.close()
    assert services.rehearse_restore().rehearsed_at is not None
    stored = bucket.Object(f"live/{backup.name}/toc.dat")
    content = stored.get()["Body"].read()
    stored.put(Body=content[:-5] + b"wrong")
    with pytest.raises(StorageFailed, match="damaged"):
        services.rehearse_restore()
    backup.refresh_from_db()
    assert "damaged" in backup.rehearsal_problem
    assert any("The rehearsal of a restore of backup" in each.message for each in collect_findings(now=timezone.now()))
    assert rehearsal.rehearsal_name(copy_databases.live) not in copy_databases.names()
    stored.put(Body=content)
    monkeypatch.setattr("staging_copy.copying.rehearsal._count_rows", lambda side, archive: {})
    with pytest.raises(rehearsal.RehearsalFailed, match="accounts_seller: 1 in the backup, None restored"):
        services.rehearse_restore()
    monkeypatch.undo()
    services.rehearse_restore()
    assert not any("rehearsal" in each.message for each in collect_findings(now=timezone.now()))
    assert not list(Path(settings.BACKUP_DIR).glob(".fetched*"))


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024])
def test_files_of_any_size_are_encrypted_and_changes_are_noticed(size: int) -> None:
    keys, content = Keys([KEY]), bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    encrypted = b"".join(keys.encrypt(io.BytesIO(content), "a"))
    pieces = [encrypted[start : start + 70_000] for start in range(0, len(encrypted), 70_000)]
    assert b"".join(Keys([OTHER_KEY, KEY]).decrypt(pieces, "a")) == content
    broken = [
        (encrypted[:-1], "a"),
        (encrypted[: 22 + 1024 * 1024 + 16], "a") if size > 1024 * 1024 else (b"", "a"),
        (encrypted, "another name"),
        (encrypted[:40] + bytes([encrypted[40] ^ 1 if len(encrypted) > 40 else 0]) + encrypted[41:], "a")
        if size > 20
        else (encrypted + b"x", "a"),
    ]
    for changed, name in broken:
        with pytest.raises(DecryptionFailed):
            list(keys.decrypt([changed], name))
    with pytest.raises(DecryptionFailed, match="does not contain"):
        list(Keys([OTHER_KEY]).decrypt(pieces, "a"))
