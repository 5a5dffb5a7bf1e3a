"""An operator says who is told of alerts; a chat's address is its password and is never shown."""

import pytest
from django.test import Client

from hub.models import AlertChannel
from tests.factories import make_user

pytestmark = pytest.mark.django_db
ADD = "/admin/hub/alertchannel/add/"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def test_a_channel_keeps_its_address_and_does_not_show_it(operator: Client) -> None:
    secret = "https://chat.example/services/T0/B0/secret"
    answer = operator.post(ADD, {"label": "ops", "medium": "slack", "destination": secret, "enabled": "on"})
    assert answer.status_code == 302, answer.content[:2000]
    channel = AlertChannel.objects.get()
    assert channel.address == secret
    page = f"/admin/hub/alertchannel/{channel.pk}/change/"
    assert "secret" not in operator.get(page).content.decode()
    operator.post(page, {"label": "operators", "medium": "slack", "destination": "", "enabled": "on"})
    channel.refresh_from_db()
    assert (channel.label, channel.address) == ("operators", secret)


@pytest.mark.parametrize(("medium", "address"), [("email", "nobody"), ("slack", "javascript:alert(1)"), ("email", "")])
def test_an_address_that_is_none_is_refused_by_name(operator: Client, medium: str, address: str) -> None:
    answer = operator.post(ADD, {"label": "ops", "medium": medium, "destination": address, "enabled": "on"})
    assert answer.status_code == 200
    assert not AlertChannel.objects.exists()
