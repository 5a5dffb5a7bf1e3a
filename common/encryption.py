"""Encryption of values in the database, with keys that are kept outside it."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def cipher() -> MultiFernet:
    """Encrypts with the first of `ENCRYPTION_KEYS` and decrypts with any of them (else InvalidToken)."""
    return _cipher(tuple(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty. Set at least one key to store credentials.")
    return MultiFernet([Fernet(key) for key in keys])
