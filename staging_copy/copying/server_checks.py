"""Preflight checks of staging's server, and of what the copy's role may do there. Changes nothing.

Each problem names the statement that solves it, to be run by an administrator of the server.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from staging_copy.backup.archive import quote
from staging_copy.copying import swap
from staging_copy.copying.archive_needs import ArchiveNeeds
from staging_copy.postgres import SERVER_VERSIONS, Database

# Connections of a copy besides those of its loaders: own rows, renames, the thread that ends sessions.
_OTHER_CONNECTIONS = 6


@dataclass(frozen=True)
class Role:
    """The role of STAGING_DATABASE_URL."""

    name: str
    superuser: bool
    may_create_databases: bool
    may_create_roles: bool
    connection_limit: int
    bypasses_row_security: bool


def find_problems(staging: Database, needs: ArchiveNeeds, *, processes: int) -> list[str]:
    """Why this server and role cannot take the copy; empty if they can. Raises psycopg2.OperationalError."""
    with staging.maintenance.connect(autocommit=True) as connection, connection.cursor() as cursor:
        version = connection.server_version // 10_000
        if version not in SERVER_VERSIONS:
            message = _("The staging server is PostgreSQL %(version)s. Supported are %(first)s to %(last)s.")
            values = {"version": version, "first": SERVER_VERSIONS[0], "last": SERVER_VERSIONS[-1]}
            return [message % values]
        cursor.execute("SELECT pg_is_in_recovery()")
        if cursor.fetchone()[0]:
            return [_("The staging server is a standby, which cannot be written to. Use its primary server.")]
        cursor.execute(
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolconnlimit, rolsuper OR rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        )
        role = Role(*cursor.fetchone())
        return [
            *_role(role, processes),
            *_databases(cursor, staging, role),
            *_sessions(cursor, staging, role),
            *_replication(cursor, staging),
            *_settings(cursor, staging, role, version),
            *_default_privileges(staging, role),
            *_extensions(cursor, needs, role),
            *_missing_roles(cursor, needs),
            *_tablespaces(cursor, needs, role),
            *_access_methods(cursor, needs),
            *_superuser_objects(needs, role),
            *_forced_row_security(needs, role),
        ]


def _role(role: Role, processes: int) -> Iterator[str]:
    if not (role.superuser or role.may_create_databases):
        message = _("Role %(role)s may not create databases. Run: %(statement)s")
        yield message % {"role": role.name, "statement": f"ALTER ROLE {quote(role.name)} CREATEDB"}
    # Each loader and each job of pg_restore has a connection; the two do not run at the same time.
    needed = processes + _OTHER_CONNECTIONS
    if 0 <= role.connection_limit < needed:
        message = _("Role %(role)s may have %(limit)s connections, and the copy needs %(needed)s. Run: %(statement)s")
        statement = f"ALTER ROLE {quote(role.name)} CONNECTION LIMIT {needed}"
        yield message % {"role": role.name, "limit": role.connection_limit, "needed": needed, "statement": statement}


def _databases(cursor: Any, staging: Database, role: Role) -> Iterator[str]:
    cursor.execute(
        "SELECT datname, pg_has_role(current_user, datdba, 'USAGE'), pg_encoding_to_char(encoding) FROM pg_database"
        " WHERE datname = ANY(%s) ORDER BY datname",
        [swap.names(staging)],
    )
    for name, is_owner, encoding in cursor.fetchall():
        if not is_owner:
            message = _("Role %(role)s does not own database %(database)s. Run: %(statement)s")
            statement = f"ALTER DATABASE {quote(name)} OWNER TO {quote(role.name)}"
            yield message % {"role": role.name, "database": name, "statement": statement}
        if name == staging.name and encoding != "UTF8":
            message = _(
                "Database %(database)s is encoded in %(encoding)s; only UTF8 is supported. Create it again. "
                "Run: %(statement)s"
            )
            statement = f"CREATE DATABASE {quote(name)} ENCODING 'UTF8' TEMPLATE template0"
            yield message % {"database": name, "encoding": encoding, "statement": statement}


def _sessions(cursor: Any, staging: Database, role: Role) -> Iterator[str]:
    for session in swap.sessions_beyond_our_rights(cursor, swap.names(staging)):
        values = {"session": str(session), "role": role.name}
        if session.superuser:
            message = _("%(session)s can only be ended by a superuser. Run: %(statement)s")
            yield message % {**values, "statement": f"SELECT pg_terminate_backend({session.pid})"}
        else:
            message = _("Role %(role)s may not end %(session)s. Run: %(statement)s")
            yield message % {**values, "statement": f"GRANT pg_signal_backend TO {quote(role.name)}"}
    cursor.execute(
        "SELECT database, quote_literal(gid) FROM pg_prepared_xacts WHERE database = ANY(%s)", [swap.names(staging)]
    )
    for database, gid in cursor.fetchall():
        message = _("A prepared transaction keeps database %(database)s in use. Run in that database: %(statement)s")
        yield message % {"database": database, "statement": f"ROLLBACK PREPARED {gid}"}


def _replication(cursor: Any, staging: Database) -> Iterator[str]:
    """What keeps PostgreSQL from dropping a database: subscriptions, and slots in use."""
    cursor.execute(
        "SELECT datname, quote_ident(subname) FROM pg_subscription JOIN pg_database ON pg_database.oid = subdbid"
        " WHERE datname = ANY(%s)",
        [swap.names(staging)],
    )
    for database, name in cursor.fetchall():
        message = _(
            "Database %(database)s has a subscription, which would continue in the previous database and keep it from "
            "being dropped. Run in that database: %(statement)s"
        )
        yield message % {"database": database, "statement": f"DROP SUBSCRIPTION {name}"}
    cursor.execute(
        "SELECT database, quote_literal(slot_name), active_pid FROM pg_replication_slots"
        " WHERE active AND database = ANY(%s)",
        [swap.names(staging)],
    )
    for database, name, pid in cursor.fetchall():
        message = _("A replication slot in use keeps database %(database)s from being replaced. Run: %(statement)s")
        statement = f"SELECT pg_terminate_backend({pid}), pg_drop_replication_slot({name})"
        yield message % {"database": database, "statement": statement}


def _settings(cursor: Any, staging: Database, role: Role, version: int) -> Iterator[str]:
    """Settings of staging that the role may not give to the new database."""
    if role.superuser:
        return
    cursor.execute(
        "SELECT DISTINCT name FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) AS own"
        " JOIN pg_settings ON name = split_part(own, '=', 1)"
        " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = %s) AND context LIKE 'superuser%%'"
        " AND NOT has_parameter_privilege(name, 'SET')",
        [staging.name],
    )
    for (name,) in cursor.fetchall():
        message = _("Role %(role)s may not set %(setting)s, which is set for staging. Run: %(statement)s")
        statement = f"GRANT SET ON PARAMETER {name} TO {quote(role.name)}"
        yield message % {"role": role.name, "setting": name, "statement": statement}
    cursor.execute(
        "SELECT other.rolname, other.rolsuper, pg_has_role(current_user, other.oid, 'USAGE WITH ADMIN OPTION')"
        " FROM pg_db_role_setting JOIN pg_roles AS other ON other.oid = setrole"
        " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = %s) AND other.rolname <> current_user",
        [staging.name],
    )
    for other, is_superuser, may_administer in cursor.fetchall():
        if not is_superuser and role.may_create_roles and (version < 16 or may_administer):
            continue
        ours, theirs = quote(role.name), quote(other)
        statement = f"ALTER ROLE {ours} CREATEROLE; GRANT {theirs} TO {ours} WITH ADMIN OPTION"
        if is_superuser:
            statement = f"ALTER ROLE {theirs} IN DATABASE {quote(staging.name)} RESET ALL"
        message = _("Role %(role)s may not give the new database the settings of role %(other)s. Run: %(statement)s")
        yield message % {"role": role.name, "other": other, "statement": statement}


def _default_privileges(staging: Database, role: Role) -> Iterator[str]:
    if not swap.databases(staging, [staging.name]):
        return
    with staging.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT rolname FROM pg_default_acl JOIN pg_roles ON pg_roles.oid = defaclrole"
            " WHERE NOT pg_has_role(defaclrole, 'USAGE')"
        )
        others = [name for (name,) in cursor.fetchall()]
    for other in others:
        message = _(
            "Role %(role)s may not give the new database the default privileges of role %(other)s. Run: %(statement)s"
        )
        statement = f"GRANT {quote(other)} TO {quote(role.name)}"
        yield message % {"role": role.name, "other": other, "statement": statement}


def _extensions(cursor: Any, needs: ArchiveNeeds, role: Role) -> Iterator[str]:
    cursor.execute(
        "SELECT available.name, versions.trusted OR NOT versions.superuser FROM pg_available_extensions AS available"
        " JOIN pg_available_extension_versions AS versions"
        " ON versions.name = available.name AND versions.version = available.default_version"
        " WHERE available.name = ANY(%s)",
        [list(needs.extensions)],
    )
    found = dict(cursor.fetchall())
    for name in needs.extensions:
        values = {"extension": name, "role": role.name}
        if name not in found:
            message = _(
                "Live uses extension %(extension)s, which is not installed on the staging server. Install its package "
                "there, or remove it from live. Run: %(statement)s"
            )
            yield message % {**values, "statement": f"DROP EXTENSION {quote(name)}"}
        elif not (role.superuser or found[name]):
            message = _("Only a superuser can create extension %(extension)s, and %(role)s is none. Run: %(statement)s")
            yield message % {**values, "statement": f"ALTER ROLE {quote(role.name)} SUPERUSER"}


def _missing_roles(cursor: Any, needs: ArchiveNeeds) -> Iterator[str]:
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(needs.roles)])
    for name in sorted(set(needs.roles) - {name for (name,) in cursor.fetchall()}):
        message = _(
            "A row-level security policy of live names role %(role)s, which the staging server does not have. "
            "Run: %(statement)s"
        )
        yield message % {"role": name, "statement": f"CREATE ROLE {quote(name)} NOLOGIN"}


def _tablespaces(cursor: Any, needs: ArchiveNeeds, role: Role) -> Iterator[str]:
    cursor.execute(
        "SELECT spcname, has_tablespace_privilege(oid, 'CREATE') FROM pg_tablespace WHERE spcname = ANY(%s)",
        [list(needs.tablespaces)],
    )
    found = dict(cursor.fetchall())
    for name in needs.tablespaces:
        values = {"tablespace": name, "role": role.name}
        if name not in found:
            message = _("Live uses tablespace %(tablespace)s, which the staging server lacks. Run: %(statement)s")
            statement = f"CREATE TABLESPACE {quote(name)} OWNER {quote(role.name)} LOCATION '/PATH'"
            yield message % {**values, "statement": statement}
        elif not found[name]:
            message = _("Role %(role)s may not use tablespace %(tablespace)s. Run: %(statement)s")
            statement = f"GRANT CREATE ON TABLESPACE {quote(name)} TO {quote(role.name)}"
            yield message % {**values, "statement": statement}


def _access_methods(cursor: Any, needs: ArchiveNeeds) -> Iterator[str]:
    cursor.execute("SELECT amname FROM pg_am WHERE amname = ANY(%s)", [list(needs.access_methods)])
    # An extension of the archive may bring it.
    missing = set(needs.access_methods) - {name for (name,) in cursor.fetchall()}
    for name in sorted(missing if not needs.extensions else ()):
        message = _(
            "Live uses table access method %(name)s, which the staging server lacks. Run in live: %(statement)s"
        )
        yield message % {"name": name, "statement": "ALTER TABLE … SET ACCESS METHOD heap"}


def _superuser_objects(needs: ArchiveNeeds, role: Role) -> Iterator[str]:
    if needs.superuser_objects and not role.superuser:
        message = _("Only a superuser can create %(objects)s, and %(role)s is none. Run: %(statement)s")
        values = {"objects": ", ".join(needs.superuser_objects), "role": role.name}
        yield message % {**values, "statement": f"ALTER ROLE {quote(role.name)} SUPERUSER"}


def _forced_row_security(needs: ArchiveNeeds, role: Role) -> Iterator[str]:
    """Without that right, what changes rows after the copy (own rows, erasures) would pass over hidden ones."""
    if needs.forced_tables and not role.bypasses_row_security:
        message = _(
            "Live forces row-level security on %(tables)s, which hides rows from role %(role)s. Run: %(statement)s"
        )
        values = {"tables": ", ".join(needs.forced_tables), "role": role.name}
        yield message % {**values, "statement": f"ALTER ROLE {quote(role.name)} BYPASSRLS"}
