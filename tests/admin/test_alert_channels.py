"""Alert channels in the console: destinations are validated, stored encrypted and never shown."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from hub.models import Alert, AlertChannel, AlertDelivery
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


def test_a_channel_is_deleted_with_its_secret_and_its_deliveries(operator: Client) -> None:
    channel = AlertChannel.objects.create(label="ops", medium="slack", address="https://chat.example/secret")
    alert = Alert.objects.create(kind=Alert.Kind.FAILING, key="failing:1", message="Failed")
    AlertDelivery.objects.create(alert=alert, channel=channel)
    assert operator.post(f"/admin/hub/alertchannel/{channel.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not AlertChannel.objects.exists() and not AlertDelivery.objects.exists() and Alert.objects.exists()
    assert AuditEvent.objects.get(action="alert_channel.delete").target == "ops"


@pytest.mark.parametrize(("medium", "address"), [("email", "nobody"), ("slack", "javascript:alert(1)"), ("email", "")])
def test_invalid_destination_is_rejected(operator: Client, medium: str, address: str) -> None:
    answer = operator.post(ADD, {"label": "ops", "medium": medium, "destination": address, "enabled": "on"})
    assert answer.status_code == 200 and "destination" in answer.context["adminform"].form.errors
    assert not AlertChannel.objects.exists()
