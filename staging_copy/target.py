"""Which database may be replaced: one that somebody registered as staging, and that is not live."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from staging_copy.postgres import Database, identity

_FILE = "target.json"


class WrongTarget(Exception):
    """The database must not be replaced; the message says why, and what to do."""


@dataclass(frozen=True)
class Marker:
    """The registered target: a server (its system identifier) and the name of a database on it.

    Kept outside both databases. The database's OID is not in it: each copy brings a new one.
    """

    system: int
    name: str
    registered_at: str


def register(target: Database, live: Database, home: Path, *, now: datetime) -> Marker:
    """Makes `target` the database that copies replace. Raises WrongTarget if it is live."""
    _check_not_live(target, live)
    with target.maintenance.connect() as connection:
        marker = Marker(identity(connection).system, target.name, now.isoformat())
    home.mkdir(parents=True, exist_ok=True)
    (home / _FILE).write_text(json.dumps(asdict(marker)))
    return marker


def check(target: Database, live: Database, home: Path) -> None:
    """Raises WrongTarget unless `target` was registered and is not live, whatever both are called."""
    _check_not_live(target, live)
    path = home / _FILE
    if not path.exists():
        raise WrongTarget(
            f"{target.name} was never registered as staging. If it may be replaced, run: manage.py register_staging"
        )
    marker = Marker(**json.loads(path.read_text()))
    with target.maintenance.connect() as connection:
        system = identity(connection).system
    if (marker.system, marker.name) != (system, target.name):
        raise WrongTarget(
            f"The registered staging database is {marker.name} of server {marker.system}, and STAGING_DATABASE_URL "
            f"leads to {target.name} of server {system}. If that one may be replaced, run: manage.py register_staging"
        )


def _check_not_live(target: Database, live: Database) -> None:
    with live.connect() as connection:
        live_identity = identity(connection)
    with target.maintenance.connect() as connection, connection.cursor() as cursor:
        server = identity(connection)
        cursor.execute(
            "SELECT datname, oid FROM pg_database WHERE datname = ANY(%s)",
            [[target.name, f"{target.name}_next", f"{target.name}_previous"]],
        )
        for name, oid in cursor.fetchall():
            if (server.system, oid) == (live_identity.system, live_identity.oid):
                raise WrongTarget(
                    f"{name} is live itself (the same server and the same database, whatever the address says). "
                    "Nothing was done. Correct STAGING_DATABASE_URL."
                )
