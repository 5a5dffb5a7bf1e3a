"""Keys printed by `new_encryption_key` are valid in ENCRYPTION_KEYS."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from hub.fields import EncryptedJSONField


def printed() -> str:
    out = StringIO()
    call_command("new_encryption_key", stdout=out)
    return out.getvalue().strip()


def test_a_printed_key_encrypts_and_the_older_one_still_decrypts(settings: pytest.FixtureRequest) -> None:
    field = EncryptedJSONField()
    older, newer = printed(), printed()
    settings.ENCRYPTION_KEYS = [older]
    stored = field.get_db_prep_value({"token": "swordfish"}, connection)
    assert b"swordfish" not in bytes(stored.adapted)
    settings.ENCRYPTION_KEYS = [newer, older]
    assert field.from_db_value(stored.adapted, None, connection) == {"token": "swordfish"}
    settings.ENCRYPTION_KEYS = [newer]
    assert field.from_db_value(stored.adapted, None, connection) is None
