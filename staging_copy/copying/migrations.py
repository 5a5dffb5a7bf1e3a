"""Migrations of this code, and their application to the new database."""

import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from staging_copy.postgres import Database

_ROOT = Path(__file__).resolve().parents[2]


def known_migrations() -> set[str]:
    """The migrations in this code, as `app.name`. They are listed, not imported, which takes a tenth of the time."""
    found = set()
    for config in apps.get_app_configs():
        name = f"{config.name}.migrations"
        if module_has_submodule(config.module, "migrations"):
            modules = pkgutil.iter_modules(import_module(name).__path__)
            found |= {f"{config.label}.{each.name}" for each in modules if each.name[0] not in "_~" and not each.ispkg}
    return found


def applied(database: Database) -> set[str]:
    """The migrations that the database has applied; none if it is not ours yet."""
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return set()
        cursor.execute("SELECT app || '.' || name FROM public.django_migrations")
        return {name for (name,) in cursor.fetchall()}


def missing(side: Database) -> set[str]:
    """The migrations of this code that the database has not applied."""
    return known_migrations() - applied(side)


def migrate(side: Database) -> None:
    """Applies all migrations of this code. Raises RuntimeError."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        cwd=_ROOT,
        env={**os.environ, **side.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError("Migrations failed on the copied database: " + done.stderr.strip()[-1000:])
