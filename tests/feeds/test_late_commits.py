"""A cursor misses no change, in whatever order transactions start, write and commit."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from threading import Thread
from typing import Any

import psycopg2
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import FeedPosition, Product
from tests.factories import make_products
from tests.two_sellers import ApiClient, TwoSellers, key_for

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def writer() -> Iterator[Any]:
    """A separate database connection; its first statement starts a transaction."""
    other = psycopg2.connect(**connection.get_connection_params())
    try:
        yield other
    finally:
        other.close()


def rename(other: Any, product: Product, title: str) -> None:
    with other.cursor() as cursor:
        cursor.execute("UPDATE catalog_product SET title = %s WHERE id = %s", [title, product.pk])


class Fetcher:
    """Maintains a copy of a seller's products from the feed."""

    def __init__(self, client: ApiClient, *, cursor: str = "", limit: int = 3) -> None:
        self.client = client
        self.cursor = cursor
        self.limit = limit
        self.titles: dict[int, str] = {}

    def fetch(self) -> list[str]:
        """Fetch all available changes and return their titles."""
        received = []
        more = True
        while more:
            page = self.client.get("/api/v1/feeds/products", {"cursor": self.cursor, "limit": self.limit}).json()
            self.titles |= {item["id"]: item.get("title", item["status"]) for item in page["items"]}
            received += [self.titles[item["id"]] for item in page["items"]]
            self.cursor, more = page["next"], page["more"]
        return received


def titles() -> dict[int, str]:
    return dict(Product.objects.values_list("pk", "title"))


def test_a_transaction_committed_after_a_later_one_is_not_missed(two_sellers: TwoSellers) -> None:
    first, second = make_products(two_sellers.north.seller, 2)
    fetcher = Fetcher(key_for(two_sellers.north.seller))
    fetcher.fetch()
    with writer() as early, writer() as late:
        rename(early, first, "written early, committed late")
        rename(late, second, "written late, committed early")
        late.commit()
        assert fetcher.fetch() == []
        early.commit()
    assert fetcher.fetch() == ["written early, committed late", "written late, committed early"]


def test_transactions_open_during_a_full_feed_come_after_its_cursor(two_sellers: TwoSellers) -> None:
    first, second = make_products(two_sellers.north.seller, 2)
    client = key_for(two_sellers.north.seller)
    with writer() as early, writer() as late:
        rename(early, first, "not committed yet")
        rename(late, second, "committed")
        late.commit()
        whole = client.get("/api/v1/feeds/products/full")
        lines = [json.loads(line) for line in whole.getvalue().splitlines()]
        assert [line["title"] for line in lines] == [first.title, "committed"]
        early.commit()
    assert "not committed yet" in Fetcher(client, cursor=whole["Feed-Cursor"]).fetch()


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["write", "write", "commit", "rollback", "fetch"]), st.integers(0, 2)),
    min_size=12,
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_the_fetcher_gets_every_change_in_any_order_of_writes_and_commits(
    two_sellers: TwoSellers, operations: list[tuple[str, int]]
) -> None:
    """Each writer has its own products, so none waits for another and one thread can control them all."""
    known = list(Product.objects.order_by("pk")) or make_products(two_sellers.north.seller, 6)
    own = known[:2], known[2:4], known[4:]
    fetcher = Fetcher(key_for(two_sellers.north.seller))
    with ExitStack() as stack:
        writers = [stack.enter_context(writer()) for _ in own]
        for step, (operation, number) in enumerate(operations):
            if operation == "write":
                rename(writers[number], own[number][step % 2], f"step {step}")
            elif operation == "fetch":
                fetcher.fetch()
            else:
                getattr(writers[number], operation)()
        for each in writers:
            each.commit()
    fetcher.fetch()
    assert fetcher.titles == titles()


def test_nothing_is_missed_with_concurrent_writers_that_wait_for_each_other(two_sellers: TwoSellers) -> None:
    """Each transaction creates a product that is never changed again, so a missed one shows in the end."""
    shared = make_products(two_sellers.north.seller, 6)
    fetcher = Fetcher(key_for(two_sellers.north.seller), limit=500)

    def work(number: int) -> None:
        random = Random(number)
        with writer() as own:
            for turn in range(80):
                title = f"turn {turn} of writer {number}"
                with own.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO catalog_product (seller_id, title, slug, description, product_type, attributes,"
                        " status, revision, created_at, updated_at)"
                        " VALUES (%s, %s, '', '', '', '{}', 'live', 0, now(), now())",
                        [two_sellers.north.seller.pk, title],
                    )
                for product in sorted(random.sample(shared, 2), key=lambda product: product.pk):
                    rename(own, product, title)
                (own.rollback if random.random() < 0.2 else own.commit)()

    threads = [Thread(target=work, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        fetcher.fetch()
    fetcher.fetch()
    assert len(fetcher.titles) > 100
    assert fetcher.titles == titles()


def test_positions_of_another_database_hide_no_change(two_sellers: TwoSellers) -> None:
    """After a restore, rows have transaction IDs that this database will reach only in years."""
    products = make_products(two_sellers.north.seller, 3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_feedposition SET changed = '9000000000000'")
    fetcher = Fetcher(key_for(two_sellers.north.seller))
    assert len(fetcher.fetch()) == 3
    Product.objects.filter(pk=products[0].pk).update(title="Changed since")
    assert fetcher.fetch() == ["Changed since"]
    assert all(position.changed < 9_000_000_000_000 for position in FeedPosition.objects.filter(feed="products"))
