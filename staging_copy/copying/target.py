"""The database that copies may replace: it must be registered as staging, and it must not be live."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from staging_copy.copying import swap
from staging_copy.postgres import Database, identity
from staging_copy.private_files import make_folder, write_private

_FILE = "target.json"


class WrongTarget(Exception):
    """The database must not be replaced. The message says why and how to fix it."""


@dataclass(frozen=True)
class Marker:
    """The registered target: a server's system identifier and the name of a database on it.

    Stored outside both databases, without the database's OID, because that changes with each copy.
    """

    system: int
    name: str
    registered_at: str


def register(target: Database, live: Database, home: Path, *, now: datetime) -> Marker:
    """Registers `target` as the database that copies may replace. Raises WrongTarget if it is live."""
    _check_not_live(target, live)
    with target.maintenance.connect() as connection:
        marker = Marker(identity(connection).system, target.name, now.isoformat())
    make_folder(home)
    write_private(home / _FILE, json.dumps(asdict(marker)))
    return marker


def check(target: Database, live: Database, home: Path) -> None:
    """Raises WrongTarget unless `target` is registered and is not live. Names and addresses are not trusted."""
    _check_not_live(target, live)
    path = home / _FILE
    if not path.exists():
        message = _(
            "Database %(name)s is not registered as staging. If it may be replaced, run: manage.py register_staging"
        )
        raise WrongTarget(message % {"name": target.name})
    marker = Marker(**json.loads(path.read_text()))
    with target.maintenance.connect() as connection:
        system = identity(connection).system
    if (marker.system, marker.name) != (system, target.name):
        message = _(
            "STAGING_DATABASE_URL points to database %(name)s on server %(server)s, but database "
            "%(registered_name)s on server %(registered_server)s is registered as staging. If %(name)s may be "
            "replaced, run: manage.py register_staging"
        )
        values = {
            "name": target.name,
            "server": system,
            "registered_name": marker.name,
            "registered_server": marker.system,
        }
        raise WrongTarget(message % values)


def _check_not_live(target: Database, live: Database) -> None:
    with live.connect() as connection:
        live_identity = identity(connection)
    with target.maintenance.connect() as connection, connection.cursor() as cursor:
        server = identity(connection)
        cursor.execute(
            "SELECT datname, oid FROM pg_database WHERE datname = ANY(%s)",
            [swap.names(target)],
        )
        for name, oid in cursor.fetchall():
            if (server.system, oid) == (live_identity.system, live_identity.oid):
                message = _(
                    "Database %(name)s is the live database and must not be replaced. Nothing was changed. "
                    "Correct STAGING_DATABASE_URL."
                )
                raise WrongTarget(message % {"name": name})
