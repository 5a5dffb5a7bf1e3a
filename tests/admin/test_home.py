"""The console's home: incidents across sellers, sellers' states, tiles, search (I3, I6)."""

import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import Variant
from hub.kinds import Role
from hub.models import Alert, Connection, JobState, Link, Run
from staging_copy.models import Backup, Copy, CopySchedule
from synccenter.admin_tiles import staging_tiles
from synclog.models import Issue, SyncLog
from synclog.queries import highest_ids
from synclog.services import IssueDraft, upsert_issues
from tests.factories import make_products
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
    first = "None The first nightly backup is made at 00:30 UTC. Copies to staging need one."
    assert shown["Last verified backup"] == first
    assert (shown["Last copy to staging"], shown["Next copy to staging"]) == ("None", "Not scheduled")
    assert not staging_tiles(timezone.now())[0]["alarm"]


def test_a_backup_that_was_never_made_is_an_alarm_that_says_what_to_do(operator: Client) -> None:
    User.objects.update(date_joined=timezone.now() - timedelta(hours=31))
    note = "Open this page and select “Back up live now”. If it stays queued, start the copier."
    assert cards(operator)["Last verified backup"] == f"None {note}"
    assert staging_tiles(timezone.now())[0]["alarm"]


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


def test_incidents_of_all_sellers_are_ranked_by_impact(operator: Client, two_sellers: TwoSellers) -> None:
    """One look names the worst problem, its size and the next step."""
    Issue.objects.all().delete()
    north, south = two_sellers.north, two_sellers.south
    for setup, codes in ((north, ["sku_missing"] * 3 + ["price_missing"] * 9), (south, ["sku_missing"])):
        drafts = [IssueDraft(f"product:{n}", "?", code=code, fix="Fix it.") for n, code in enumerate(codes)]
        upsert_issues(log=setup.log, job=setup.run.job, drafts=drafts, now=timezone.now())
    page = operator.get(reverse("admin:index"))
    shown = [(each.title, each.sellers, each.items) for each in page.context["incidents"]]
    assert shown == [("SKU missing", 2, 4), ("Price missing", 1, 9)]
    assert page.context["sentence"] == "Worst now: SKU missing (2 sellers, 4 items). 1 more incident."
    assert operator.get(page.context["incidents"][0].address).context["cl"].result_count == 4
    Alert.objects.create(kind="unreachable", key="x", seller=south.seller, message="The last 6 calls failed.")
    page = operator.get(reverse("admin:index"))
    assert page.context["incidents"][0].title == "Platform not responding"
    grid = [(each.seller, each.color, each.state) for each in page.context["sellers"]]
    assert grid == [(south.seller, "danger", "Platform not responding"), (north.seller, "warning", "12 blocked")]
    found = operator.get(reverse("admin:index"), {"seller": "nor"}).context["sellers"]
    assert [each.seller for each in found] == [north.seller]


def test_operators_search_all_sellers(operator: Client, two_sellers: TwoSellers) -> None:
    seller = two_sellers.south.seller
    (product,) = make_products(seller, 1)
    Variant.objects.filter(product=product).update(sku="SOUTH-77")
    rows = operator.get("/admin/search/", {"q": "south-7"}).context["rows"]
    assert [(hit.pk, found, address) for hit, _kind, found, address in rows] == [
        (product.pk, seller, f"/admin/catalog/product/{product.pk}/change/")
    ]
    run = two_sellers.north.run
    assert str(run.pk) in operator.get("/admin/search/", {"q": f"run {run.pk}"}).content.decode()
    assert Client().get("/admin/search/", {"q": "south"}).status_code == 302


def test_a_platform_whose_sync_fails_is_not_called_working(operator: Client, two_sellers: TwoSellers) -> None:
    setup = two_sellers.north

    def tile() -> str:
        tiles = operator.get(reverse("admin:index")).context["integrations"]
        (found,) = (each for each in tiles if each["platform"] == setup.shop.platform)
        return f"{found['broken']} {found['failing']} {found['color']}"

    assert tile() == "0 0 success"
    alert = Alert.objects.create(kind="failing", key="a", job=setup.run.job, seller=setup.seller, message="?")
    assert tile() == "0 1 danger" and "1 failing" in operator.get(reverse("admin:index")).content.decode()
    Alert.objects.filter(pk=alert.pk).update(resolved_at=timezone.now())
    assert tile() == "0 0 success"
    SyncLog.objects.filter(pk=setup.log.pk).update(last_full_sync_succeeded=False)
    assert tile() == "0 1 danger"
    Connection.objects.filter(pk=setup.shop.pk).update(state=Connection.State.NEEDS_ATTENTION)
    assert tile() == "1 0 danger"
