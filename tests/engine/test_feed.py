"""Search feeds: first a full import, then only changes, one import at a time."""

import pytest

from accounts.models import User
from catalog.models import Product
from connectors.models import FeedImport
from connectors.services.feed_imports import force_import
from connectors.services.runs import sync
from hub.models import Change, Connection, Job, Link, Run
from hub.services import resume_job
from sandbox.process import SandboxProcess
from synclog.models import Issue, SyncLog
from tests.engine.worker import last_run, skip_delays, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)


def groups(platform: SandboxProcess) -> dict[str, dict]:
    return {group["key"]: group for group in platform.state("groups")}


def imports(platform: SandboxProcess) -> list[dict]:
    return [call for call in platform.calls() if call["method"] in ("PUT", "POST")]


@pytest.fixture
def synced_search(search: Connection) -> Connection:
    work_until_idle()
    skip_delays()
    return search


def test_the_first_full_sync_replaces_everything(synced_search: Connection, search_platform: SandboxProcess) -> None:
    [call] = imports(search_platform)
    assert call["method"] == "PUT"
    sent = set(Link.objects.filter(connection=synced_search, kind="product").values_list("external_id", flat=True))
    assert set(groups(search_platform)) == sent and len(sent) > 40
    run = last_run(Job.objects.get(connection=synced_search))
    assert run.state in (Run.State.DONE, Run.State.DONE_WITH_ERRORS)
    assert run.counters.get().created == len(sent)
    assert SyncLog.objects.get(connection=synced_search).last_full_sync_succeeded
    assert FeedImport.objects.get().state == FeedImport.State.SUCCESS
    assert not Change.objects.exists()


def test_a_full_sync_without_changes_writes_nothing_and_logs_it(
    synced_search: Connection, search_platform: SandboxProcess
) -> None:
    before = len(imports(search_platform))
    sync(connection=synced_search, data_type="products", trigger="button")
    work_until_idle()
    skip_delays()
    assert len(imports(search_platform)) == before
    run = last_run(Job.objects.get(connection=synced_search))
    assert run.state == Run.State.DONE
    assert run.log.filter(text__contains="No changes to send.").exists()


def test_a_changed_price_is_sent_alone_and_a_deletion_removes(
    synced_search: Connection, shop: Connection, shop_platform: SandboxProcess, search_platform: SandboxProcess
) -> None:
    first, second = Link.objects.filter(connection=synced_search, kind="product").order_by("item_id")[:2]
    at_shop = dict(Link.objects.filter(connection=shop, kind="product").values_list("item_id", "external_id"))
    shop_platform.control("PATCH", f"products/shop/{at_shop[first.item_id]}", json={"name": "Renamed"})
    shop_platform.control("DELETE", f"products/shop/{at_shop[second.item_id]}")
    sync(connection=shop, data_type="products", trigger="button")
    work_until_idle()
    skip_delays()
    there = groups(search_platform)
    assert "Renamed" in str(there[first.external_id])
    assert second.external_id not in there
    last = FeedImport.objects.latest("pk")
    assert (last.mode, last.items, last.removals) == (FeedImport.Mode.CHANGE, 2, 1)


def test_an_import_without_a_response_is_sent_again(search: Connection, search_platform: SandboxProcess) -> None:
    search_platform.fault("drop", method="PUT", when="after", times=1)
    work_until_idle()
    assert FeedImport.objects.get().state == FeedImport.State.UNKNOWN
    skip_delays()
    assert FeedImport.objects.get().state == FeedImport.State.SUCCESS
    assert set(groups(search_platform)) == set(
        Link.objects.filter(connection=search, kind="product").values_list("external_id", flat=True)
    )


def test_one_invalid_item_does_not_delay_the_import(search: Connection, search_platform: SandboxProcess) -> None:
    work_until_idle()
    skip_delays()
    product = Product.objects.filter(status="live", variants__sku__gt="").order_by("pk").first()
    search_platform.fault(
        "status",
        method="POST",
        status=400,
        times=1,
        body={
            "reason": "The catalogue data is invalid.",
            "errorDetails": {
                "count": 1,
                "productGroups": {"count": 1, "keys": [f"p{product.pk}"]},
                "products": {"count": 0, "keys": []},
                "variants": {"count": 0, "keys": []},
                "dataErrors": {"title is odd": {"count": 1, "exampleKeys": [f"p{product.pk}"]}},
            },
        },
    )
    for each in Product.objects.filter(status="live")[:3] | Product.objects.filter(pk=product.pk):
        Product.objects.filter(pk=each.pk).update(title="Changed", revision=10**9 + each.pk)
    sync(connection=search, data_type="products", trigger="button")
    work_until_idle()
    skip_delays()
    issue = Issue.objects.get(external_id=f"product:{product.pk}", resolved_at=None, code="rejected")
    assert "title is odd" in issue.message
    rejected = FeedImport.objects.get(state=FeedImport.State.REJECTED)
    assert rejected.file
    assert last_run(Job.objects.get(connection=search)).state == Run.State.DONE_WITH_ERRORS


def set_api_version(search: Connection, version: str) -> None:
    search.refresh_from_db()
    search.settings = search.settings | {"api_version": version}
    search.save(update_fields=["settings"])


def test_another_api_version_gets_everything_again(search: Connection, search_platform: SandboxProcess) -> None:
    """F16: unchanged products as well, whatever starts the next import."""
    set_api_version(search, "v3")
    work_until_idle()
    skip_delays()
    [first] = imports(search_platform)
    assert (first["method"], first["path"]) == ("POST", "/api/admin/v3/import/data")
    before = set(groups(search_platform))
    assert len(before) > 40
    search_platform.clear_calls()
    set_api_version(search, "v4")
    sync(connection=search, data_type="products", trigger="button")
    work_until_idle()
    assert imports(search_platform) == []
    assert "upgrades it to v4" in Job.objects.get(connection=search).state.attention
    force_move()
    assert [(call["method"], call["path"]) for call in imports(search_platform)] == [
        ("PUT", "/api/admin/v4/import/catalog")
    ]
    assert set(groups(search_platform)) == before
    assert not Change.objects.exists()


def force_move() -> None:
    """As an operator does who has read what the import would do."""
    feed = FeedImport.objects.filter(state=FeedImport.State.HARMFUL).latest("pk")
    force_import(feed=feed, by=User.objects.create_user("operator@hub.example"))
    skip_delays()


def test_a_pending_file_in_the_former_format_is_not_sent(
    synced_search: Connection, search_platform: SandboxProcess
) -> None:
    search_platform.fault("status", method="POST", status=503)
    product = Product.objects.filter(status="live", variants__sku__gt="").order_by("pk").first()
    Product.objects.filter(pk=product.pk).update(title="Changed", revision=10**9)
    sync(connection=synced_search, data_type="products", trigger="button")
    work_until_idle()
    assert FeedImport.objects.get(state__in=FeedImport.OPEN).format == "v4"
    search_platform.clear_faults()
    set_api_version(synced_search, "v3")
    skip_delays()
    assert FeedImport.objects.get(state=FeedImport.State.REJECTED).format == "v4"
    # The run that is under way has changes only, which the cluster does not take by v3; it is not moved by them.
    job = Job.objects.get(connection=synced_search)
    assert "Choose v4 in the settings" in job.state.attention
    resume_job(job=job, by=None)
    sync(connection=synced_search, data_type="products", trigger="button")
    work_until_idle()
    force_move()
    assert FeedImport.objects.filter(state=FeedImport.State.SUCCESS, format="v3").exists()
    assert "Changed" in str(groups(search_platform)[f"p{product.pk}"])


def test_with_the_older_api_version_one_invalid_item_does_not_delay_the_import(
    search: Connection, search_platform: SandboxProcess
) -> None:
    set_api_version(search, "v3")
    work_until_idle()
    skip_delays()
    product = Product.objects.filter(status="live", variants__sku__gt="").order_by("pk").first()
    rejection = {"reason": "The data is not valid", "errors": [f"product group 'p{product.pk}': its title is odd"]}
    search_platform.fault("status", method="POST", status=400, times=1, body=rejection)
    Product.objects.filter(pk=product.pk).update(title="Changed", revision=10**9)
    other = Product.objects.filter(status="live", variants__sku__gt="").order_by("-pk").first()
    Product.objects.filter(pk=other.pk).update(title="Changed too", revision=10**9 + 1)
    sync(connection=search, data_type="products", trigger="button")
    work_until_idle()
    skip_delays()
    issue = Issue.objects.get(external_id=f"product:{product.pk}", resolved_at=None, code="rejected")
    assert "title is odd" in issue.message
    assert "Changed too" in str(groups(search_platform)[f"p{other.pk}"])
