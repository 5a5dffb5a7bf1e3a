"""Typed readers for environment variables. Raise ImproperlyConfigured with the name of an invalid variable.

Each text may also be in a file (a Docker secret, for example), whose path is in the variable NAME_FILE.
"""

import os
import warnings
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable as a string. Required if there is no default."""
    value = os.environ.get(name) or _from_file(name) or os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. See docs/operations.md.")
    return value


def _from_file(name: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return ""
    try:
        return Path(file).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE={file!r} cannot be read: {error}") from error


def url_with_password(name: str, password_name: str, default: str | None = None) -> str:
    """The variable as a URL. A URL without a password gets that of `password_name`, which needs no encoding."""
    url, password = text(name, default), text(password_name, "")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is not a valid URL. Set the password as {password_name}, or percent-encode it."
        ) from error
    if not url or not password or parts.password:
        return url
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    location = f"{parts.username or ''}:{quote(password, safe='')}@{host}"
    return parts._replace(netloc=location if port is None else f"{location}:{port}").geturl()


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "")
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    if value == "":
        return default
    raise ImproperlyConfigured(f"{name}={value!r} is not a boolean. Use 1 or 0.")


def number(name: str, default: int, *, deprecated_name: str = "") -> int:
    """The variable as an integer. If `name` is not set, `deprecated_name` is read, with a warning."""
    value = os.environ.get(name, "")
    if not value and deprecated_name and os.environ.get(deprecated_name):
        warnings.warn(f"{deprecated_name} is deprecated. Use {name} instead.", FutureWarning, stacklevel=2)
        name, value = deprecated_name, os.environ[deprecated_name]
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not an integer.") from error


def words(name: str, default: str = "") -> list[str]:
    """The variable as a comma-separated list; empty items are dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def path(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default)
