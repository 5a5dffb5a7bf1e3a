"""Every adapter's settings and credentials make a form in the console, and no secret of theirs can come out of it."""

import re

import pytest

from connectors.admin.schema_form import CREDENTIALS, SETTINGS, connection_form, field_names
from connectors.registry import adapters
from hub.models import Connection

pytestmark = pytest.mark.django_db
SECRET_NAME = re.compile(r"token|secret|password|passphrase|private|(^|_)key$")


@pytest.mark.parametrize("key", sorted(adapters()))
def test_an_adapters_form_has_a_field_for_everything(key: str) -> None:
    adapter = adapters()[key]
    form = connection_form(adapter, None)()
    names = field_names(SETTINGS, adapter.Settings) + field_names(CREDENTIALS, adapter.Credentials)
    html = form.as_div()
    for name in names:
        assert f'name="{name}"' in html


@pytest.mark.parametrize("key", sorted(adapters()))
def test_a_stored_secret_does_not_come_out(key: str) -> None:
    adapter = adapters()[key]
    secret_fields = [name for name in adapter.Credentials.model_fields if SECRET_NAME.search(name)]
    connection = Connection(platform=key, credentials=dict.fromkeys(secret_fields, "swordfish"))
    form = connection_form(adapter, connection)(instance=connection)
    assert "swordfish" not in form.as_div()
