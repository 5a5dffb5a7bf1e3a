"""The cards about backups and copies on the console's dashboard."""

import re
from datetime import timedelta

from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from staging_copy.models import Backup, Copy, CopySchedule


def cards(client: Client) -> dict[str, str]:
    """Title → "value note" of each card of the dashboard."""
    page = client.get(reverse("admin:index")).content.decode()
    found = re.findall(
        r'<span class="block">([^<]+)</span>\s*<strong[^>]*>([^<]*)</strong>(?:\s*<span[^>]*>([^<]*))?', page
    )
    return {title: f"{value} {note}".strip() for title, value, note in found}


def test_no_backups_and_no_copies(operator: Client) -> None:
    shown = cards(operator)
    assert shown["Last verified backup"] == "None Copies to staging need a verified backup."
    assert (shown["Last copy to staging"], shown["Next copy to staging"]) == ("None", "Not scheduled")


def test_last_backup_last_copy_and_next_copy(operator: Client) -> None:
    now = timezone.now()
    Backup.objects.create(name="a", origin="nightly", state="good", taken_at=now - timedelta(hours=5, minutes=1))
    Backup.objects.create(name="b", origin="nightly", state="failed", taken_at=now)
    Copy.objects.create(state="asking", created_at=now - timedelta(days=2, minutes=1))
    CopySchedule.objects.create(name="weekly", crontab="0 3 * * 0", next_at=now + timedelta(days=4, minutes=1))
    shown = cards(operator)
    assert shown["Last verified backup"] == "5\xa0hours ago"
    assert shown["Last copy to staging"] == f"2\xa0days ago {Copy.State.ASKING.label}"
    assert shown["Next copy to staging"] == "In 4\xa0days"
    Copy.objects.create(state="planned", not_before=now + timedelta(hours=3, minutes=1))
    assert cards(operator)["Next copy to staging"] == "In 3\xa0hours"


def test_staging_hides_copies(operator: Client) -> None:
    with override_settings(ENVIRONMENT="staging"):
        assert "Last copy to staging" not in cards(operator)
