"""Alert channels in the console: destinations are validated, stored encrypted and never shown."""

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


def test_destination_is_stored_but_never_shown(operator: Client) -> None:
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
def test_invalid_destination_is_rejected(operator: Client, medium: str, address: str) -> None:
    answer = operator.post(ADD, {"label": "ops", "medium": medium, "destination": address, "enabled": "on"})
    assert answer.status_code == 200 and "destination" in answer.context["adminform"].form.errors
    assert not AlertChannel.objects.exists()
