"""A model field for transaction IDs."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field  # not generic at run time


class TransactionIdField(_Field):
    """PostgreSQL's `xid8`: a 64-bit transaction ID, assigned in ascending order without wraparound."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: str, expression: Any, connection: Any) -> int:
        return int(value)
