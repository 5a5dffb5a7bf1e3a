"""The cards about backups and copies on the console's dashboard."""

import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from hub.kinds import Role
from hub.models import Connection, JobState, Link, Run
from staging_copy.models import Backup, Copy, CopySchedule
from synclog.queries import highest_ids
from synclog.services import IssueDraft, upsert_issues
from tests.two_sellers import TwoSellers


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


def test_a_tile_and_its_list_agree_on_active_runs(operator: Client, two_sellers: TwoSellers) -> None:
    Run.objects.create(job=two_sellers.north.run.job, scope="partial", trigger="schedule", state="done")
    page = operator.get(reverse("admin:index")).content.decode()
    shown = re.search(r'href="([^"]+)"(?:(?!href).)*?Active runs</span>\s*<strong[^>]*>(\d+)', page, re.DOTALL)
    assert shown is not None
    assert operator.get(shown[1]).context["cl"].result_count == int(shown[2]) == 2


@pytest.mark.parametrize(("path", "entry"), [("issue/", "Issues"), ("issue/ids/", "ID conflicts")])
def test_the_menu_marks_only_the_page_shown(operator: Client, path: str, entry: str) -> None:
    groups = operator.get(f"/admin/synclog/{path}").context["sidebar_navigation"]
    assert [item["title"] for group in groups for item in group["items"] if item["active"]] == [entry]


def test_jobs_without_a_state_have_not_run_yet(operator: Client, two_sellers: TwoSellers) -> None:
    job = two_sellers.north.run.job
    JobState.objects.filter(job=job).delete()
    for address in ("hub/job/", f"hub/job/{job.pk}/change/", f"hub/connection/{job.connection_id}/change/"):
        page = operator.get(f"/admin/{address}").content.decode()
        assert "Not run yet" in page, address
        assert "icon-no" not in page, "a red cross for what is off"


def test_the_next_free_id_is_above_those_of_refused_items(two_sellers: TwoSellers) -> None:
    shop, job = two_sellers.north.shop, two_sellers.north.run.job
    Connection.objects.filter(pk=shop.pk).update(role=Role.SHOP)
    for number, kind in enumerate(("customer", "customer@2"), 7):
        Link.objects.create(connection=shop, kind=kind, external_id=str(number), item_id=number)
    assert [(row.kind, row.highest) for row in highest_ids()] == [("customer", 8)]
    upsert_issues(log=two_sellers.north.log, job=job, drafts=[IssueDraft("customer:9", "?")], now=timezone.now())
    assert [(row.kind, row.highest) for row in highest_ids()] == [("customer", 9)]
