"""Every kind of object, privilege and setting is the same after a copy, a rollback and a restore."""

import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from staging_copy import policies, services
from staging_copy.copying import swap
from staging_copy.copying.privileges import split_list
from staging_copy.masking.policy import Policy, parse
from staging_copy.models import Copy
from staging_copy.postgres import Database, run
from tests.staging_copy.conftest import CopyDatabases, Live

pytestmark = pytest.mark.system

SCHEMA = (Path(__file__).parent / "schemas" / "every_kind.sql").read_text()
KEPT = dict.fromkeys(("id", "other", "code", "mood", "during", "region", "changed"), "keep")


class ShapesPolicy:
    POLICY = {
        "shapes.region": {"code": "keep", "name": "scrub"},
        "shapes.person": KEPT | {"email": "mask:email", "name": "mask:first_name"},
        "shapes.scratch": {"id": "keep", "what": "scrub"},
        "shapes.base": {"id": "keep", "what": "scrub"},
        "shapes.derived": {"id": "keep", "what": "scrub", "extra": "keep"},
        "shapes.event": {"at": "keep", "kind": "keep", "what": "scrub"},
    }
    RETENTION = dict.fromkeys(POLICY, "forever")


@pytest.fixture
def shapes(copy_databases: CopyDatabases, live: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Live and staging have the schema `shapes`; staging grants there what live grants."""
    both = (copy_databases.live, copy_databases.staging)
    copy_databases.execute("CREATE ROLE shapes_reader")
    for database in both:
        copy_databases.execute(SCHEMA, on=database)
        copy_databases.execute(f'ALTER DATABASE "{database.name}" SET search_path TO "$user", public, "my shapes"')
        copy_databases.execute(f"ALTER DATABASE \"{database.name}\" SET statement_timeout TO '7min'")
        copy_databases.execute(f'ALTER DATABASE "{database.name}" SET "my.setting" TO \'with, "comma"\'')
        copy_databases.execute(
            f'ALTER ROLE shapes_reader IN DATABASE "{database.name}" SET search_path TO shapes, public'
        )
        copy_databases.execute(f"ALTER ROLE shapes_reader IN DATABASE \"{database.name}\" SET temp_tablespaces TO ''")
        copy_databases.execute(f'ALTER DATABASE "{database.name}" CONNECTION LIMIT 77')
        copy_databases.execute(f"COMMENT ON DATABASE \"{database.name}\" IS 'A comment'")
        copy_databases.execute(f'GRANT TEMPORARY ON DATABASE "{database.name}" TO shapes_reader')
    whole, errors = parse([ShapesPolicy])
    assert not errors
    ours = policies.load()
    monkeypatch.setattr(
        policies,
        "load",
        lambda: Policy({**ours.tables, **whole.tables}, ours.retention, ours.retired, ours.kept),
    )
    yield
    connection.close()
    previous = swap.previous_name(copy_databases.live)
    if swap.databases(copy_databases.live, [previous]):
        swap.rollback(copy_databases.live)
        swap.drop(copy_databases.live, previous)
    found = [name for (name,) in copy_databases.query("SELECT datname FROM pg_database", on=copy_databases.live)]
    for name in found:
        if name.startswith(copy_databases.live.name):
            database = copy_databases.live.named(name)
            copy_databases.execute("DROP SCHEMA IF EXISTS shapes CASCADE", on=database)
            copy_databases.execute("DROP PUBLICATION IF EXISTS everyone", on=database)
            copy_databases.execute("DROP OWNED BY shapes_reader", on=database)
            copy_databases.execute("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC", on=database)
            copy_databases.execute(f'ALTER DATABASE "{name}" RESET ALL', on=database)
            copy_databases.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1', on=database)
            copy_databases.execute(f'COMMENT ON DATABASE "{name}" IS NULL', on=database)
    copy_databases.execute("DROP ROLE shapes_reader", on=copy_databases.live)


def schema_of(database: Database) -> str:
    """The schema as SQL; publications are left out of copies, and comments name versions."""
    arguments = ["--schema-only", "--no-publications", "--restrict-key=same", f"--dbname={database.dsn}"]
    dump = run("pg_dump", arguments, {"PGPASSWORD": database.password})
    return re.sub(r"^--.*\n|^\n", "", dump, flags=re.MULTILINE)


def schema_after_restore(databases: CopyDatabases, archive: Path) -> str:
    """The schema after pg_restore alone: PostgreSQL prints some expressions differently once they were dumped."""
    plain = databases.live.named(f"{databases.live.name}_plain")
    swap.drop(databases.live, plain.name)
    with databases.live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{plain.name}" TEMPLATE template0')
    try:
        plain.restore(archive)
        return schema_of(plain)
    finally:
        swap.drop(databases.live, plain.name)


def settings_of(databases: CopyDatabases, database: Database) -> list[tuple[Any, ...]]:
    return databases.query(
        "SELECT setrole::regrole::text, setconfig FROM pg_db_role_setting"
        " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1",
        on=database,
    ) + databases.query(
        "SELECT array_agg(item::text ORDER BY item::text), datconnlimit, shobj_description(oid, 'pg_database')"
        " FROM pg_database, unnest(datacl) AS item WHERE datname = current_database() GROUP BY oid, datconnlimit",
        on=database,
    )


def test_a_copy_a_rollback_and_a_restore_reproduce_every_kind_of_object(
    copy_databases: CopyDatabases, live: Live, shapes: None, copy: Callable[[], Copy], settings: Any
) -> None:
    live_schema, before = schema_of(copy_databases.live), settings_of(copy_databases, copy_databases.staging)
    live_settings = settings_of(copy_databases, copy_databases.live)
    done = copy()
    expected = schema_after_restore(copy_databases, Path(settings.BACKUP_DIR) / done.backup.name)
    assert schema_of(copy_databases.staging) == expected
    assert settings_of(copy_databases, copy_databases.staging) == before
    assert copy_databases.query("SELECT count(*) FROM pg_publication") == [(0,)]
    assert copy_databases.query(
        "SELECT (SELECT array_agg(email ORDER BY email) FROM shapes.person)"
        " = (SELECT array_agg(email ORDER BY email) FROM shapes.more_addresses),"
        " (SELECT bool_and(email LIKE '%%@sellercenter.net' AND loud = upper(name)) FROM shapes.person),"
        " (SELECT count(*) FROM shapes.event_new_rest), (SELECT count(*) FROM shapes.scratch),"
        " nextval('shapes.numbers')"
    ) == [(True, True, 1, 1, 10)]
    services.rollback(copy=done, by=None)
    assert schema_of(copy_databases.staging) == live_schema
    assert copy_databases.query("SELECT count(*) FROM shapes.person") == [(2,)]
    services.rollback(copy=done, by=None)

    connection.close()
    call_command("restore_live", done.backup.name, "--replace", copy_databases.live.name, stdout=StringIO())
    connection.close()
    assert schema_of(copy_databases.live) == expected
    assert settings_of(copy_databases, copy_databases.live) == live_settings


@pytest.mark.parametrize(
    ("stored", "names"),
    [
        ('"$user", public, extensions', ["$user", "public", "extensions"]),
        ('"a, ""b"""', ['a, "b"']),
        ('""', [""]),
        ("public", ["public"]),
    ],
)
def test_list_settings_are_read_as_postgresql_stores_them(stored: str, names: list[str]) -> None:
    assert split_list(stored) == names
