"""The settings of copies, and the lock that allows one at a time."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg2.extensions import make_dsn

from staging_copy.copying import journal
from staging_copy.copying.journal import AlreadyRunning
from staging_copy.copying.stages import PreflightFailed
from staging_copy.postgres import Database


@dataclass(frozen=True)
class Config:
    """The databases and folders of a copy, and the settings of the masks."""

    live: Database
    staging: Database
    backups: Path
    journals: Path
    environment: str
    domain: str
    key: str
    admin_email: str
    admin_password: str
    allowed: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()
    processes: int = 2
    max_age: timedelta = timedelta(hours=48)

    @classmethod
    def from_settings(cls) -> "Config":
        """Raises PreflightFailed if a required setting is missing, or the password is weak."""
        missing = [name for name in ("STAGING_DATABASE_URL", "STAGING_ADMIN_PASSWORD") if not getattr(settings, name)]
        if missing:
            message = _("%(setting)s is not set. See docs/staging-copy.md.")
            raise PreflightFailed([message % {"setting": name} for name in missing])
        try:
            validate_password(settings.STAGING_ADMIN_PASSWORD)
        except ValidationError as error:
            raise PreflightFailed([f"STAGING_ADMIN_PASSWORD: {text}" for text in error.messages]) from error
        return cls(
            live=live_database(),
            staging=Database.from_url(settings.STAGING_DATABASE_URL),
            backups=Path(settings.BACKUP_DIR),
            journals=Path(settings.STAGING_COPY_JOURNAL_DIR),
            environment=settings.ENVIRONMENT,
            domain=settings.STAGING_COPY_DOMAIN,
            key=settings.STAGING_COPY_KEY,
            admin_email=settings.STAGING_ADMIN_EMAIL,
            admin_password=settings.STAGING_ADMIN_PASSWORD,
            allowed=tuple(settings.STAGING_COPY_ALLOWED_ADDRESSES),
            canaries=tuple(settings.STAGING_COPY_CANARIES),
            processes=settings.STAGING_COPY_PROCESSES,
        )

    def masking_key(self) -> str:
        """The hexadecimal key of the masks: random for each copy unless STAGING_COPY_KEY is set."""
        return blake2b(self.key.encode(), digest_size=32).hexdigest() if self.key else secrets.token_hex(32)


def live_database() -> Database:
    """The database of this installation."""
    default = settings.DATABASES["default"]
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
    return Database.from_url(make_dsn(**{libpq: default[name] for name, libpq in names.items() if default.get(name)}))


@contextmanager
def exclusive_lock(config: Config) -> Iterator[None]:
    """Allows one copy at a time: a file lock on this machine, an advisory lock on the staging server.

    Raises AlreadyRunning.
    """
    with ExitStack() as stack:
        stack.enter_context(journal.lock(config.journals))
        connection = stack.enter_context(config.staging.maintenance.connect(autocommit=True))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"copy to {config.staging.name}"])
            if not cursor.fetchone()[0]:
                raise AlreadyRunning(
                    _("Another machine is copying to this staging database. Wait until it has finished.")
                )
        yield
