"""Typed readers for environment variables, so that a wrong value is named where it was written."""

import os
import warnings
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable as text. Without a default it is required."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. See docs/operations.md for what it should hold.")
    return value


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "")
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    if value == "":
        return default
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false: write 1 or 0.")


def number(name: str, default: int, *, deprecated_name: str = "") -> int:
    """A whole number. `deprecated_name` is read where `name` is not set, with a warning."""
    value = os.environ.get(name, "")
    if not value and deprecated_name and os.environ.get(deprecated_name):
        warnings.warn(f"{deprecated_name} is now called {name}.", FutureWarning, stacklevel=2)
        name, value = deprecated_name, os.environ[deprecated_name]
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from error


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; blanks are dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def path(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default)
