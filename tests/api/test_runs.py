"""GET /api/v1/runs and what hangs below it."""

from django.utils import timezone

from accounts.models import AuditEvent, Membership
from hub import runlog, runs
from hub.kinds import DataType
from hub.models import Run
from tests.world import World, key_for


def more_runs(world: World, number: int) -> None:
    """Ended runs, one after the other on two jobs."""
    Run.objects.bulk_create(
        Run(
            job=world.north.job((DataType.PRODUCTS, DataType.SETTINGS)[n % 2]),
            scope=Run.Scope.FULL,
            trigger=Run.Trigger.SCHEDULE,
            state=(Run.State.DONE, Run.State.FAILED)[n // 2 % 2],
        )
        for n in range(number)
    )


def test_every_run_is_met_once_while_paging(world: World) -> None:
    more_runs(world, 23)
    client = key_for(world.north.seller)
    seen, before = [], ""
    while True:
        page = client.get(f"/api/v1/runs?limit=5{before}").json()
        seen += [run["id"] for run in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    mine = Run.objects.filter(job__connection__seller=world.north.seller)
    assert seen == sorted(mine.values_list("pk", flat=True), reverse=True)
    assert len(seen) == 24


def test_a_page_costs_the_same_number_of_queries_however_long_it_is(
    world: World, django_assert_max_num_queries: object
) -> None:
    more_runs(world, 40)
    client = key_for(world.north.seller)
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        assert len(client.get("/api/v1/runs?limit=40").json()["items"]) == 40


def test_filters_narrow_the_list(world: World) -> None:
    more_runs(world, 8)
    client = key_for(world.north.seller)
    found = client.get("/api/v1/runs?state=failed&data_type=products&connection=north-shop").json()["items"]
    assert [(run["state"], run["data_type"], run["connection"]) for run in found] == [
        ("failed", "products", "north-shop")
    ] * 2
    assert client.get("/api/v1/runs?connection=north-front").json()["items"] == []


def test_a_run_shows_counters_state_in_words_and_the_end_of_its_log(world: World) -> None:
    run = world.north.run
    runs.count(run_id=run.pk, kind="customer", now=timezone.now(), read=3, created=2)
    for n in range(205):
        runlog.write(run_id=run.pk, text=f"line {n}", now=timezone.now())
    answer = key_for(world.north.seller).get(f"/api/v1/runs/{run.pk}").json()
    assert answer["state_text"] == "waiting for a worker"
    assert answer["counters"][0]["read"] == 3 and answer["counters"][0]["created"] == 2
    assert [line["text"] for line in answer["log"]] == [f"line {n}" for n in range(5, 205)]


def test_cancelling_stops_a_run_once(world: World) -> None:
    client = key_for(world.north.seller)
    path = f"/api/v1/runs/{world.north.run.pk}/cancel"
    assert client.send("POST", path).json()["state"] == "cancelled"
    again = client.send("POST", path)
    assert (again.status_code, again.json()["status"]) == (409, 409)
    assert AuditEvent.objects.filter(action="sync.cancel").count() == 1


def test_who_may_only_look_cannot_cancel(world: World) -> None:
    Membership.objects.filter(user=world.north.owner).update(role=Membership.Role.VIEWER)
    client = key_for(user=world.north.owner)
    path = f"/api/v1/runs/{world.north.run.pk}"
    assert client.get(path).status_code == 200
    assert client.send("POST", f"{path}/cancel").status_code == 403
    world.north.run.refresh_from_db()
    assert world.north.run.state == Run.State.QUEUED
