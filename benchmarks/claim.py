"""The duration of a claim with 20,000 lanes and a million queued changes, also during a long transaction."""

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from django.db import connection, transaction

from accounts.models import Seller
from benchmarks.reporting import Figure
from hub import lanes
from hub.kinds import DataType, Direction, Kind
from hub.models import Connection, Job, Lane, Share

WORKERS = 16


def run(argv: list[str]) -> list[Figure]:
    """Claims and releases lanes while every lane stays due. A tenth of the lanes belongs to one seller.

    The age of a snapshot is given as the number of claims since: two workers with five lanes per second each make 6,000
    claims in ten minutes.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--lanes", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=1_000_000)
    parser.add_argument("--claims", type=int, default=2_000)
    parser.add_argument("--snapshot", type=int, default=6_000)
    options = parser.parse_args(argv)
    _fill(number=options.lanes, changes=options.changes)
    _claims(options.claims // 4)  # warm-up: fills the caches
    idle = _idle(options.claims)
    fresh, _ = _claims(options.claims)
    with _open_snapshot():
        aged, _ = _claims(options.snapshot)
        Share.objects.exclude(seller__slug="heavy").update(due=False)
        Lane.objects.exclude(share__seller__slug="heavy").update(due=False)
        alone, releases = _claims(options.snapshot)
    aged, alone, releases = (times[-options.claims :] for times in (aged, alone, releases))
    return [
        Figure.at_most(f"claim p99, {options.lanes:,} lanes, {options.changes:,} changes", _p99(fresh), "ms", 5),
        Figure("claim p50", statistics.median(fresh), "ms"),
        Figure("for comparison: transaction with as many empty statements, p99", _p99(idle), "ms"),
        Figure.at_most(f"claim p99, {options.snapshot:,} claims into one snapshot", _p99(aged), "ms", 5),
        Figure("claim p50 with the snapshot", statistics.median(aged), "ms"),
        Figure.at_most("claim p99 after as many more claims of one seller", _p99(alone), "ms", 5),
        Figure("release p99 with the snapshot", _p99(releases), "ms"),
        *(
            Figure.at_most(f"p99 relative to the empty statements: {name}", _p99(times) / _p99(idle), "", 8)
            for name, times in (("no snapshot", fresh), ("one snapshot", aged), ("one seller", alone))
        ),
    ]


def _fill(*, number: int, changes: int) -> None:
    """Creates ten lanes per seller and a tenth of all lanes for one seller, all due, with evenly spread changes."""
    heavy = number // 10
    sizes = [heavy] + [10] * ((number - heavy) // 10)
    sellers = Seller.objects.bulk_create(
        Seller(slug="heavy" if n == 0 else f"s{n}", name=f"Seller {n}") for n in range(len(sizes))
    )
    shares = Share.objects.bulk_create(Share(seller=seller, due=True) for seller in sellers)
    connections = Connection.objects.bulk_create(
        Connection(seller=seller, slug=seller.slug, name=seller.name, platform="rest", role="custom", state="active")
        for seller in sellers
    )
    created = Lane.objects.bulk_create(
        (
            Lane(connection=home, share=share, name="products", shard=shard, due=True)
            for size, home, share in zip(sizes, connections, shares, strict=True)
            for shard in range(size)
        ),
        batch_size=5_000,
    )
    of_connection: dict[int, list[int]] = {}
    for lane in created:
        of_connection.setdefault(lane.connection_id, []).append(lane.pk)
    Job.objects.bulk_create(
        Job(
            connection=home,
            direction=Direction.EXPORT,
            data_type=DataType.PRODUCTS,
            item_kind=Kind.PRODUCT,
            lane_ids=of_connection[home.pk],
        )
        for home in connections
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO hub_change
                (job_id, lane_id, kind, item_id, token, priority, state, attempts, failure_kind, last_error)
            SELECT job.id, lane.id, 'product', (%(each)s::bigint * lane.id) + n,
                   nextval('hub_change_token'), 1, 'ready', 0, '', ''
            FROM hub_lane AS lane JOIN hub_job AS job ON job.connection_id = lane.connection_id,
                 generate_series(1, %(each)s) AS n
            """,
            {"each": changes // number},
        )
        cursor.execute("UPDATE hub_share SET turn = nextval('hub_turn')")
        cursor.execute("UPDATE hub_lane SET turn = nextval('hub_turn')")
        cursor.execute("VACUUM ANALYZE hub_lane, hub_share, hub_change, hub_job")
        cursor.execute("CHECKPOINT")  # so that pending writes are not measured


def _claims(number: int) -> tuple[list[float], list[float]]:
    """The milliseconds of each claim and each release; the lane is released while still due."""
    claims, releases = [], []
    for n in range(number):
        started = time.perf_counter()
        claim = lanes.claim(holder=f"bench {n}", workers=WORKERS)
        claims.append(1000 * (time.perf_counter() - started))
        assert claim is not None
        started = time.perf_counter()
        lanes.release(claim=claim, more=True)
        releases.append(1000 * (time.perf_counter() - started))
        if n % 50 == 0:
            lanes.sweep()
    return claims, releases


def _idle(number: int) -> list[float]:
    """The milliseconds of as many empty round trips as a claim makes, as a baseline for the machine."""
    times = []
    for _ in range(number):
        started = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            for _ in range(3):
                cursor.execute("SELECT 1")
        times.append(1000 * (time.perf_counter() - started))
    return times


@contextmanager
def _open_snapshot() -> Iterator[None]:
    """Holds a snapshot open like a backup does, which prevents vacuum from removing dead rows."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    backup = psycopg2.connect(**parameters)
    try:
        with backup.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM hub_share")
        yield
    finally:
        backup.close()


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]
