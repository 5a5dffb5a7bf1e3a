"""The copy compared with pynonymizer and django-scrubber, which are installed from PyPI for this benchmark.

Both change a restored database in place, so unmasked values are on staging meanwhile. Their time includes an unmasked
restore and masking the columns below. The copy masks every column according to its policy.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from psycopg2.extensions import parse_dsn

from benchmarks import copy
from benchmarks.reporting import Figure
from staging_copy import services
from staging_copy.copying import build, swap
from staging_copy.postgres import Database

_ROOT = Path(__file__).resolve().parent.parent
_ALTERNATIVES = ("pynonymizer==2.5.0", "django-scrubber==8.0.0")
# The personal columns that both tools can mask: table → column → Faker provider.
_COLUMNS = {
    "orders_customer": {"email": "email", "first_name": "first_name", "last_name": "last_name", "note": "text"},
    "orders_address": {
        "email": "email",
        "first_name": "first_name",
        "last_name": "last_name",
        "street": "street_address",
        "city": "city",
        "phone": "phone_number",
    },
    "orders_order": {"customer_note": "text"},
}
_MODELS = {"orders_customer": "Customer", "orders_address": "Address", "orders_order": "Order"}


def run(argv: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(prog="./dev bench copy_alternatives")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of live (default 100,000)")
    options = parser.parse_args(argv)
    staging = copy.prepare()
    copy.fill(options.rows)
    backup = services.take_backup()
    archive = Path(settings.BACKUP_DIR) / backup.name
    packages = _install(Path(settings.VAR_DIR) / "alternatives")
    ours = sum(seconds for _, seconds in copy.copy(staging)[0])
    figures = [Figure("this copy, all columns", ours, "s")]
    for name, work in (("pynonymizer", _pynonymizer), ("django-scrubber", _django_scrubber)):
        database, restored = _restored(staging, archive)
        seconds = restored + work(database, packages)
        swap.drop(staging, database.name)
        figures += [
            Figure(f"{name}, {sum(map(len, _COLUMNS.values()))} columns", seconds, "s"),
            Figure.at_least(f"{name} : this copy", seconds / ours, "times", 1),
        ]
    return figures


def _install(folder: Path) -> Path:
    # Environments created by uv have no pip.
    pip = ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "install", "--quiet", "--target", str(folder), *_ALTERNATIVES], check=True)
    return folder


def _restored(staging: Database, archive: Path) -> tuple[Database, float]:
    swap.drop(staging, "bench_rival")
    started = time.monotonic()
    database = build.create(staging, "bench_rival")
    database.run("pg_restore", "--jobs=2", "--no-owner", archive)
    return database, time.monotonic() - started


def _pynonymizer(database: Database, packages: Path) -> float:
    strategy = packages / "strategy.json"
    # JSON is YAML.
    strategy.write_text(json.dumps({"tables": {table: {"columns": columns} for table, columns in _COLUMNS.items()}}))
    parts = parse_dsn(database.dsn)
    return _timed(
        [sys.executable, "-m", "pynonymizer", "--only-step", "ANONYMIZE_DB", "--strategy", str(strategy)]
        + ["--db-type", "postgres", "--db-host", str(parts["host"]), "--db-port", str(parts.get("port", 5432))]
        + ["--db-name", database.name, "--db-user", str(parts["user"]), "--db-password", "none"],
        {"PYTHONPATH": str(packages), "PATH": f"{settings.POSTGRES_BIN}:{os.environ['PATH']}"},
    )


def _django_scrubber(database: Database, packages: Path) -> float:
    classes = [
        f"class {_MODELS[table]}:\n" + "".join(f"    {name} = Faker({fake!r})\n" for name, fake in columns.items())
        for table, columns in _COLUMNS.items()
    ]
    (packages / "rival_scrubbers.py").write_text("from django_scrubber.scrubbers import Faker\n\n" + "\n".join(classes))
    mapping = {f"orders.{model}": f"rival_scrubbers.{model}" for model in _MODELS.values()}
    (packages / "rival_settings.py").write_text(
        "from synccenter.settings import *\n"
        f"INSTALLED_APPS = [*INSTALLED_APPS, 'django_scrubber']\nSCRUBBER_MAPPING = {mapping!r}\n"
    )
    environment = {
        "PYTHONPATH": str(packages),
        "DATABASE_URL": database.url,
        "DJANGO_SETTINGS_MODULE": "rival_settings",
        "DEBUG": "1",  # required by the tool
    }
    _timed([sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"], environment)
    return _timed([sys.executable, "manage.py", "scrub_data", "--skip-checks"], environment)


def _timed(command: list[str], environment: dict[str, str]) -> float:
    started = time.monotonic()
    subprocess.run(command, cwd=_ROOT, env=os.environ | environment, stdout=sys.stderr, check=True)
    return time.monotonic() - started
