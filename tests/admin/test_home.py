"""The console's first page tells how live, its backups and the copies to staging stand."""

import re
from datetime import timedelta

from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from staging_copy.models import Backup, Copy, CopySchedule


def cards(client: Client) -> dict[str, str]:
    """Title → value and note, of each card of the first page."""
    page = client.get(reverse("admin:index")).content.decode()
    found = re.findall(
        r'<span class="block">([^<]+)</span>\s*<strong[^>]*>([^<]*)</strong>(?:\s*<span[^>]*>([^<]*))?', page
    )
    return {title: f"{value} {note}".strip() for title, value, note in found}


def test_without_backups_and_copies_there_are_none(operator: Client) -> None:
    told = cards(operator)
    assert told["Last good backup"] == "none A copy to staging reads it."
    assert (told["Last copy to staging"], told["Next copy to staging"]) == ("none", "none")


def test_the_last_backup_the_last_copy_and_the_next(operator: Client) -> None:
    now = timezone.now()
    Backup.objects.create(name="a", origin="nightly", state="good", taken_at=now - timedelta(hours=5, minutes=1))
    Backup.objects.create(name="b", origin="nightly", state="failed", taken_at=now)
    Copy.objects.create(state="asking", created_at=now - timedelta(days=2, minutes=1))
    CopySchedule.objects.create(name="weekly", crontab="0 3 * * 0", next_at=now + timedelta(days=4, minutes=1))
    told = cards(operator)
    assert told["Last good backup"] == "5\xa0hours old"
    assert told["Last copy to staging"] == "2\xa0days ago waits for your answer"
    assert told["Next copy to staging"] == "in 4\xa0days"
    Copy.objects.create(state="planned", not_before=now + timedelta(hours=3, minutes=1))
    assert cards(operator)["Next copy to staging"] == "in 3\xa0hours"


def test_staging_reveals_nothing_of_copies(operator: Client) -> None:
    with override_settings(ENVIRONMENT="staging"):
        assert "Last copy to staging" not in cards(operator)
