"""Migrations of this code, and their application to the new database."""

import os
import subprocess
import sys
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from staging_copy.postgres import Database

_ROOT = Path(__file__).resolve().parents[2]


def known_migrations() -> set[str]:
    """The migrations in this code, as `app.name`."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {f"{app}.{name}" for app, name in loader.disk_migrations}


def migrate(side: Database) -> None:
    """Applies all migrations of this code. Raises RuntimeError."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        cwd=_ROOT,
        env={**os.environ, "DATABASE_URL": side.url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError("Migrations failed on the copied database: " + done.stderr.strip()[-1000:])
