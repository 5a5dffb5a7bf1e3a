"""A model field for JSON that is encrypted at rest."""

import json
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django.db import models

from common.encryption import cipher

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field  # not generic at run time


class EncryptedJSONField(_Field):
    """A JSON value, encrypted with the first of `ENCRYPTION_KEYS` and decrypted with any of them.

    A value that no key can decrypt is loaded as None instead of raising an exception, so that pages that list
    connections still work after a key was lost. The connection then needs new credentials.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = kwargs.get("editable", False)
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        encrypted = cipher().encrypt(json.dumps(value).encode())
        return connection.Database.Binary(encrypted)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        try:
            return json.loads(cipher().decrypt(bytes(value)))
        except InvalidToken:
            return None

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: Any) -> str:
        """Empty, so that the value never ends up in fixtures or logs."""
        return ""
