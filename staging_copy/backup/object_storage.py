"""Backups in object storage (S3 protocol): one encrypted object per file, the manifest last.

Source: https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/s3.html (documented).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from staging_copy.backup.encryption import DecryptionFailed, Keys, Stream
from staging_copy.private_files import make_folder, open_private

_MANIFEST = "manifest.json"
_READ = 1024 * 1024


class StorageFailed(Exception):
    """The object storage reported an error, did not answer, or has something else than was stored."""


@dataclass(frozen=True)
class Storage:
    """A bucket and the prefix of the objects in it. Without access key, boto3 finds credentials itself."""

    bucket: str
    prefix: str
    keys: Keys
    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = ""

    def names(self) -> list[str]:
        """The complete backups, in the order of their names. Raises StorageFailed."""
        ending = f"/{_MANIFEST}"
        return sorted(
            key.removeprefix(self.prefix).removesuffix(ending) for key in self._objects("") if key.endswith(ending)
        )

    def store(self, folder: Path, manifest: Path, name: str) -> None:
        """Stores a backup. Until its manifest is stored, it is not offered. Raises StorageFailed."""
        for path in sorted(folder.iterdir()):
            self._put(path, f"{name}/{path.name}")
        self._put(manifest, f"{name}/{_MANIFEST}")

    def fetch(self, name: str, folder: Path) -> Path:
        """Writes the files of a backup into `folder`, and returns its manifest next to it. Raises StorageFailed."""
        make_folder(folder)
        manifest = folder.with_name(f"{folder.name}.manifest")
        prefix = f"{self.prefix}{name}/"
        found = [key.removeprefix(prefix) for key in self._objects(f"{name}/")]
        if _MANIFEST not in found:
            raise StorageFailed(f"The object storage has no complete backup {name}.")
        for file in found:
            self._get(f"{name}/{file}", manifest if file == _MANIFEST else folder / Path(file).name)
        return manifest

    def delete(self, name: str) -> None:
        """Deletes a backup, its manifest first. Raises StorageFailed."""
        found = sorted(self._objects(f"{name}/"), key=lambda key: not key.endswith(f"/{_MANIFEST}"))
        with _reporting(f"{name} could not be deleted"):
            for key in found:
                self._client().delete_object(Bucket=self.bucket, Key=key)

    def _put(self, path: Path, name: str) -> None:
        with (
            _reporting(f"{name} could not be stored"),
            path.open("rb") as file,
            BufferedReader(Stream(self.keys.encrypt(file, name)), _READ) as encrypted,
        ):
            self._client().upload_fileobj(encrypted, self.bucket, self.prefix + name)

    def _get(self, name: str, path: Path) -> None:
        with _reporting(f"{name} could not be read"), open_private(path, "wb") as file:
            body = self._client().get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"]
            for chunk in self.keys.decrypt(body.iter_chunks(_READ), name):
                file.write(chunk)

    def _objects(self, below: str) -> Iterator[str]:
        with _reporting("The object storage could not be listed"):
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + below):
                yield from (each["Key"] for each in page.get("Contents", []))

    def _client(self) -> Any:
        import boto3  # imported here because it needs much memory, and most processes store nothing
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint or None,
            region_name=self.region or None,
            aws_access_key_id=self.access_key or None,
            aws_secret_access_key=self.secret_key or None,
            config=Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60),
        )


@contextmanager
def _reporting(what: str) -> Iterator[None]:
    """Turns the errors of the storage and of decryption into StorageFailed."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError, DecryptionFailed) as error:
        raise StorageFailed(f"{what}: {error}") from error
