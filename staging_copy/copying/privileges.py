"""Copies what staging's database grants and sets to the database that replaces it.

The new database has one owner, our role. What an owner of an object in staging has, our role has there. Objects that
staging lacks stay accessible to their owner only.
"""

import re
from typing import Any

from staging_copy.backup.archive import Archive, quote
from staging_copy.postgres import Database

# PostgreSQL stores the values of these settings as lists of quoted names, which `TO` takes as separate words
# (variable_is_guc_list_quote in src/bin/pg_dump/dumputils.c).
_LIST_SETTINGS = frozenset(
    ("local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries")
    + ("temp_tablespaces", "unix_socket_directories")
)
# In the entry DATABASE PROPERTIES; a value may contain line breaks, and ends at a semicolon outside of quotes.
_ARCHIVED_SETTING = re.compile(
    r'^ALTER (?P<whose>(?:ROLE (?:"(?:[^"]|"")*"|[^\s"]+) IN )?)DATABASE (?:"(?:[^"]|"")*"|[^\s"]+) '
    r"(?P<what>SET (?:'(?:[^']|'')*'|[^;'])+);$",
    re.MULTILINE,
)
# Objects whose privileges were ever changed; the others have PostgreSQL's defaults, as in a new database. Members of
# extensions belong to whoever created the extension. With an empty search path, names are printed with their schema.
_OBJECTS = r"""
    WITH objects AS (
        SELECT 'pg_class'::regclass AS class, oid, CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
               '' AS columns, oid::regclass::text AS name, relnamespace AS schema, relacl AS acl, relowner AS owner
        FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT 'pg_class'::regclass, pg_class.oid, 'TABLE', format(' (%I)', attname), attrelid::regclass::text,
               relnamespace, attacl, relowner
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT 'pg_namespace'::regclass, oid, 'SCHEMA', '', quote_ident(nspname), oid, nspacl, nspowner
        FROM pg_namespace
        UNION ALL
        SELECT 'pg_proc'::regclass, oid, 'ROUTINE', '', oid::regprocedure::text, pronamespace, proacl, proowner
        FROM pg_proc
        UNION ALL
        SELECT 'pg_type'::regclass, oid, CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, '', oid::regtype::text,
               typnamespace, typacl, typowner
        FROM pg_type
    )
    SELECT kind, columns, name, privilege_type, is_grantable,
           CASE WHEN grantee = 0 THEN 'PUBLIC'
                WHEN grantee = owner AND pg_get_userbyid(owner) NOT LIKE 'pg\_%' THEN NULL
                ELSE quote_ident(pg_get_userbyid(grantee)) END
    FROM objects LEFT JOIN LATERAL aclexplode(acl) ON true
    JOIN pg_namespace ON pg_namespace.oid = schema
    WHERE acl IS NOT NULL AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = objects.oid AND deptype = 'e')
    ORDER BY columns <> '', kind, name
"""
_DEFAULTS = """
    SELECT quote_ident(pg_get_userbyid(defaclrole)),
           CASE WHEN defaclnamespace = 0 THEN '' ELSE ' IN SCHEMA ' || quote_ident(nspname) END,
           CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                              WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
           privilege_type, is_grantable,
           CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
    FROM pg_default_acl LEFT JOIN pg_namespace ON pg_namespace.oid = defaclnamespace
    LEFT JOIN LATERAL aclexplode(defaclacl) ON true
    ORDER BY 1, 2, 3
"""
_SETTINGS = """
    SELECT CASE WHEN setrole = 0 THEN NULL ELSE pg_get_userbyid(setrole) END,
           split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
    FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) AS setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def copy_privileges(current: Database, side: Database) -> None:
    """Gives the objects of `side` the privileges that those of the same name have in `current`.

    CONNECT and the other privileges of the database itself are granted by the swap.
    """
    with current.connect() as connection, side.connect() as new_database:
        with connection.cursor() as reader, new_database.cursor() as writer:
            reader.execute("SET search_path = ''")
            reader.execute(_OBJECTS)
            existing: dict[tuple[str, str, str], bool] = {}
            for kind, columns, name, privilege, grantable, grantee in reader.fetchall():
                key = (kind, columns, name)
                if key not in existing:
                    existing[key] = _exists(writer, kind, name, columns)
                    if existing[key] and not columns:
                        writer.execute(f"REVOKE ALL ON {kind} {name} FROM PUBLIC, CURRENT_USER")
                if existing[key] and privilege is not None:
                    option = " WITH GRANT OPTION" if grantable and grantee else ""
                    writer.execute(
                        f"GRANT {privilege}{columns} ON {kind} {name} TO {grantee or 'CURRENT_USER'}{option}"
                    )
            _copy_defaults(reader, writer)
        new_database.commit()


def copy_settings(current: Database, side: Database) -> None:
    """Gives `side` the settings of `current`: those of the database, and those of roles in it.

    Its comment and its limit of connections count as settings.
    """
    with current.connect() as connection, connection.cursor() as reader:
        reader.execute(_SETTINGS)
        settings = reader.fetchall()
        reader.execute(
            "SELECT datconnlimit, shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        limit, comment = reader.fetchone()
    with side.maintenance.connect(autocommit=True) as connection, connection.cursor() as writer:
        for role, name, value in settings:
            whose = f"ROLE {quote(role)} IN " if role else ""
            # A setting of an extension has a dot in its name, and every part is an identifier.
            setting = ".".join(map(quote, name.split(".")))
            values = split_list(value) if name.lower() in _LIST_SETTINGS else [value]
            placeholders = ", ".join(["%s"] * len(values))
            writer.execute(f"ALTER {whose}DATABASE {quote(side.name)} SET {setting} TO {placeholders}", values)
        writer.execute(f"ALTER DATABASE {quote(side.name)} CONNECTION LIMIT {limit}")
        if comment is not None:
            writer.execute(f"COMMENT ON DATABASE {quote(side.name)} IS %s", [comment])


def restore_settings(archive: Archive, side: Database) -> None:
    """Gives `side` the settings that the archived database had, and those of roles in it."""
    with side.maintenance.connect(autocommit=True) as connection, connection.cursor() as writer:
        for entry in archive.entries:
            if entry.kind == "DATABASE PROPERTIES":
                for setting in _ARCHIVED_SETTING.finditer(entry.definition):
                    writer.execute(f"ALTER {setting['whose']}DATABASE {quote(side.name)} {setting['what']}")


def split_list(value: str) -> list[str]:
    """The names in a list setting as PostgreSQL stores it: `"$user", public` → `$user`, `public`.

    An empty list is one empty name, because `SET … TO` needs a value.
    """
    names: list[str] = []
    name, quoted, position = "", False, 0
    while position < len(value):
        character = value[position]
        if quoted and value.startswith('""', position):
            name, position = name + '"', position + 1
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            names, name = [*names, name], ""
        elif quoted or not character.isspace():
            name += character
        position += 1
    return [*names, name]


def _copy_defaults(reader: Any, writer: Any) -> None:
    reader.execute(_DEFAULTS)
    seen = set()
    for role, schema, kind, privilege, grantable, grantee in reader.fetchall():
        where = f"ALTER DEFAULT PRIVILEGES FOR ROLE {role}{schema}"
        if where + kind not in seen:
            seen.add(where + kind)
            # In a schema, defaults add to those of the whole database, so there is nothing to take away.
            if not schema:
                writer.execute(f"{where} REVOKE ALL ON {kind} FROM PUBLIC, {role}")
        if privilege is not None:
            option = " WITH GRANT OPTION" if grantable else ""
            writer.execute(f"{where} GRANT {privilege} ON {kind} TO {grantee}{option}")


def _exists(writer: Any, kind: str, name: str, columns: str) -> bool:
    functions = {"SCHEMA": "to_regnamespace", "ROUTINE": "to_regprocedure", "TYPE": "to_regtype"}
    function = (functions | {"DOMAIN": "to_regtype"}).get(kind, "to_regclass")
    if not columns:
        writer.execute(f"SELECT {function}(%s) IS NOT NULL", [name])
    else:
        writer.execute(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(%s)"
            " AND format(' (%%I)', attname) = %s AND NOT attisdropped)",
            [name, columns],
        )
    return bool(writer.fetchone()[0])
