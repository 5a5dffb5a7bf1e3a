"""Values before and after masking are shown to people with the permission, and to nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from accounts.models import AuditEvent
from staging_copy import services
from staging_copy.models import Copy
from tests.staging_copy.conftest import CopyDatabases, Live
from tests.two_sellers import make_person

pytestmark = pytest.mark.system


def test_samples_show_values_of_live_next_to_those_of_staging(
    copy_databases: CopyDatabases, live: Live, copy: Callable[[], Copy], client: Any
) -> None:
    clerk = make_person("clerk@hub.example", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="copy_to_staging"))
    done = copy()
    address = f"/admin/staging_copy/copy/{done.pk}/samples/"
    client.force_login(clerk)
    assert client.get(address).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_samples"))
    page = client.get(address).content.decode()
    [(masked,)] = copy_databases.query("SELECT email FROM orders_customer")
    assert "ALICE@acme.example" in page and masked in page and "mask:email" in page
    assert "GB33BUKB20201555555555" not in page and "live-secret" not in page and "JD0001" not in page
    assert AuditEvent.objects.get(action="copy.samples").user == clerk

    services.rollback(copy=done, by=None)
    assert client.get(address).status_code == 302  # staging is another database now
    assert AuditEvent.objects.filter(action="copy.samples").count() == 1
