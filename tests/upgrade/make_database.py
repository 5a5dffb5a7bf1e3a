"""Makes the database of this version, from which tests of later versions upgrade.

    .venv/bin/python -m tests.upgrade.make_database

Run it on the commit that is released, and commit what it writes: `tests/upgrade/databases/VERSION/database.sql.gz`,
plain SQL for PostgreSQL 15 and newer, and `systems.json`, what the systems of the connections hold. On the tag of a
release, `--again` creates both again.
"""

import argparse
import gzip
import json
import os
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connections

from sandbox import process as sandbox_process
from synccenter import embedded

ROOT = Path(__file__).resolve().parents[2]
DATABASES = Path(__file__).parent / "databases"
# One sandbox serves all systems; these are its accounts and their tokens.
ACCOUNTS = {"shop": "shop-token", "erp": "erp-token", "vendor": "vendor-token"}
KINDS = ("products", "stock", "prices", "categories", "brands", "customers", "orders")


def make(folder: Path) -> None:
    """Writes both files into `folder`, from a private PostgreSQL that is thrown away."""
    var = ROOT / "var" / "upgrade"
    var.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(dir=var))
    own.chmod(0o755)
    with (
        embedded.running(own, throwaway=True, fsync=False) as services,
        sandbox_process.start("rest", accounts=ACCOUNTS) as systems,
    ):
        os.environ.update(services.environment(), SYNCCENTER_VAR=str(own), ENVIRONMENT="development")
        django.setup()
        call_command("migrate", verbosity=0)
        from tests.upgrade import contents  # its models need Django

        contents.fill(systems)
        if missing := contents.tables_without_a_row():
            raise SystemExit(f"Let tests/upgrade/contents.py make a row of each of these as well: {missing}")
        connections.close_all()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "database.sql.gz").write_bytes(gzip.compress(dump(services.database_url).encode(), mtime=0))
        (folder / "systems.json").write_text(json.dumps(held(systems), indent=1, sort_keys=True) + "\n")


def dump(database_url: str) -> str:
    """The database as plain statements: `INSERT` and not `COPY`, so that they need no psql."""
    statements = subprocess.run(
        [
            embedded.postgres_binaries() / "pg_dump",
            *("--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=100"),
            database_url,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # What psql alone understands, and a setting that PostgreSQL 15 and 16 do not know.
    unwanted = ("\\restrict", "\\unrestrict", "SET transaction_timeout")
    return "".join(line for line in statements.splitlines(keepends=True) if not line.startswith(unwanted))


def held(systems: sandbox_process.SandboxProcess) -> dict[str, dict[str, list[Any]]]:
    """Account → kind → objects."""
    return {account: {kind: list(systems.state(kind, account)) for kind in KINDS} for account in ACCOUNTS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="replace the files of this version")
    options = parser.parse_args()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    folder = DATABASES / version
    if folder.exists() and not options.again:
        parser.error(f"{folder} exists: raise the version in pyproject.toml first.")
    make(folder)


if __name__ == "__main__":
    main()
