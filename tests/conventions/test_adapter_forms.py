"""The console has a form for every adapter's settings and credentials, which never shows stored secrets."""

import re

import pytest

from connectors.adapters.registry import adapters
from connectors.admin.schema_form import CREDENTIALS, SETTINGS, connection_form, field_names
from hub.models import Connection

pytestmark = pytest.mark.django_db
SECRET_NAME = re.compile(r"token|secret|password|passphrase|private|(^|_)key$")


@pytest.mark.parametrize("key", sorted(adapters()))
def test_the_form_has_a_field_for_every_setting_and_credential(key: str) -> None:
    adapter = adapters()[key]
    form = connection_form(adapter, None)()
    names = field_names(SETTINGS, adapter.Settings) + field_names(CREDENTIALS, adapter.Credentials)
    html = form.as_div()
    for name in names:
        assert f'name="{name}"' in html


@pytest.mark.parametrize("key", sorted(adapters()))
def test_the_form_does_not_show_stored_secrets(key: str) -> None:
    adapter = adapters()[key]
    secret_fields = [name for name in adapter.Credentials.model_fields if SECRET_NAME.search(name)]
    connection = Connection(platform=key, credentials=dict.fromkeys(secret_fields, "swordfish"))
    form = connection_form(adapter, connection)(instance=connection)
    assert "swordfish" not in form.as_div()


def test_the_form_shows_a_value_stored_under_the_deprecated_name_of_its_setting() -> None:
    connection = Connection(platform="magento_target", settings={"entities_a_call": 20})
    form = connection_form(adapters()["magento_target"], connection)(instance=connection)
    assert form.initial["settings__items_per_call"] == 20
