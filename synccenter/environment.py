"""Typed readers for environment variables. Raise ImproperlyConfigured with the name of an invalid variable."""

import os
import warnings
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable as a string. Required if there is no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. See docs/operations.md.")
    return value


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
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def path(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default)
