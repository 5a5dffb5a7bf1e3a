"""GET /api/v1/runs, GET /api/v1/runs/{id} and canceling."""

from django.utils import timezone

from accounts.models import AuditEvent, Membership
from hub import runlog, runs
from hub.kinds import DataType
from hub.models import Run, RunCounter
from tests.two_sellers import TwoSellers, key_for


def more_runs(two_sellers: TwoSellers, number: int) -> None:
    """Finished runs, alternating between two jobs."""
    Run.objects.bulk_create(
        Run(
            job=two_sellers.north.job((DataType.PRODUCTS, DataType.SETTINGS)[n % 2]),
            scope=Run.Scope.FULL,
            trigger=Run.Trigger.SCHEDULE,
            state=(Run.State.DONE, Run.State.FAILED)[n // 2 % 2],
        )
        for n in range(number)
    )


def test_paging_returns_every_run_once(two_sellers: TwoSellers) -> None:
    more_runs(two_sellers, 23)
    client = key_for(two_sellers.north.seller)
    seen, before = [], ""
    while True:
        page = client.get(f"/api/v1/runs?limit=5{before}").json()
        seen += [run["id"] for run in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    own = Run.objects.filter(job__connection__seller=two_sellers.north.seller)
    assert seen == sorted(own.values_list("pk", flat=True), reverse=True)
    assert len(seen) == 24


def test_the_number_of_queries_does_not_depend_on_the_page_size(
    two_sellers: TwoSellers, django_assert_max_num_queries: object
) -> None:
    more_runs(two_sellers, 40)
    client = key_for(two_sellers.north.seller)
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        assert len(client.get("/api/v1/runs?limit=40").json()["items"]) == 40


def test_filters_narrow_the_list(two_sellers: TwoSellers) -> None:
    more_runs(two_sellers, 8)
    client = key_for(two_sellers.north.seller)
    found = client.get("/api/v1/runs?state=failed&data_type=products&connection=north-shop").json()["items"]
    assert [(run["state"], run["data_type"], run["connection"]) for run in found] == [
        ("failed", "products", "north-shop")
    ] * 2
    assert client.get("/api/v1/runs?connection=north-front").json()["items"] == []


def test_a_run_has_counters_a_state_text_and_the_end_of_its_log(two_sellers: TwoSellers) -> None:
    run = two_sellers.north.run
    runs.count(
        run_id=run.pk,
        kind="customer",
        now=timezone.now(),
        outcomes={RunCounter.Outcome.READ: 3, RunCounter.Outcome.CREATED: 2},
    )
    for n in range(205):
        runlog.write(run_id=run.pk, text=f"line {n}", now=timezone.now())
    answer = key_for(two_sellers.north.seller).get(f"/api/v1/runs/{run.pk}").json()
    assert answer["state_text"] == "Queued"
    assert answer["counters"][0]["read"] == 3 and answer["counters"][0]["created"] == 2
    assert [line["text"] for line in answer["log"]] == [f"line {n}" for n in range(5, 205)]


def test_a_run_is_canceled_only_once(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    path = f"/api/v1/runs/{two_sellers.north.run.pk}/cancel"
    assert client.send("POST", path).json()["state"] == "cancelled"
    again = client.send("POST", path)
    assert (again.status_code, again.json()["status"]) == (409, 409)
    assert AuditEvent.objects.filter(action="sync.cancel").count() == 1


def test_viewers_cannot_cancel_runs(two_sellers: TwoSellers) -> None:
    Membership.objects.filter(user=two_sellers.north.owner).update(role=Membership.Role.VIEWER)
    client = key_for(user=two_sellers.north.owner)
    path = f"/api/v1/runs/{two_sellers.north.run.pk}"
    assert client.get(path).status_code == 200
    assert client.send("POST", f"{path}/cancel").status_code == 403
    two_sellers.north.run.refresh_from_db()
    assert two_sellers.north.run.state == Run.State.QUEUED
