"""The post-copy check: looks up, lists and compares 300,000 products, excluding the shop's response time."""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest import mock

from django.db import connection as database
from django.utils import timezone

from benchmarks import sample_data
from benchmarks.reporting import Figure
from catalog.models import Product
from connectors.sdk.paging import IdPage
from hub.kinds import Kind
from hub.models import Connection
from staging_copy.checking import Check, shops
from staging_copy.copying.journal import Journal

PAGE = 1_000


def run(argv: list[str]) -> list[Figure]:
    """Uses an in-memory shop: first with 0.1% of products missing and as many new, then with a third missing."""
    parser = argparse.ArgumentParser(prog="./dev bench copy_check")
    parser.add_argument("--products", type=int, default=300_000)
    options = parser.parse_args(argv)
    few, many = options.products // 10, options.products
    smaller = _measure(few, missing=few // 1000)
    usual = _measure(many, missing=many // 1000)
    mass = _measure(many, missing=many // 3)
    return [
        Figure.at_most(f"database part, {many:,} products", usual.database, "s", 2),
        Figure("all but the shop's own time", usual.ours, "s"),
        Figure.at_most("10 × the products", usual.ours / smaller.ours, "× the time", 11),
        Figure(f"database part, {mass.missing:,} of them to delete", mass.database, "s"),
        Figure("all but the shop's own time", mass.ours, "s"),
    ]


@dataclass(frozen=True)
class _Measured:
    """The seconds of the SQL statements, and of everything except the shop."""

    missing: int
    database: float
    ours: float


class _Shop:
    """Has all products except the first ones, and as many unknown ones. Measures its own time."""

    def __init__(self, number: int, *, missing: int) -> None:
        self.ids = [str(each) for each in range(missing + 1, number + missing + 1)]
        self.known = set(self.ids)
        self.seconds = 0.0
        self.http = mock.Mock()

    def lookup(self, kind: str, external_ids: Iterable[str]) -> set[str]:
        with self._timed():
            return self.known.intersection(external_ids) if kind == Kind.PRODUCT else set()

    def list_ids(self, kind: str, *, cursor: int | None) -> IdPage:
        with self._timed():
            after = (cursor or 0) + PAGE
            more = kind == Kind.PRODUCT and after < len(self.ids)
            return IdPage(self.ids[after - PAGE : after] if kind == Kind.PRODUCT else [], after if more else None)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = perf_counter()
        yield
        self.seconds += perf_counter() - started


def _measure(number: int, *, missing: int) -> _Measured:
    """The better of two rounds."""
    return min((_check(number, missing) for _ in range(2)), key=lambda measured: measured.ours)


def _check(number: int, missing: int) -> _Measured:
    _staging(number)
    shop = _Shop(number, missing=missing)
    with TemporaryDirectory() as home, mock.patch.object(shops, "open_adapter", lambda connection: shop):
        record = Journal.create(Path(home), timezone.now())
        started = perf_counter()
        check = Check(record)
        if not check.run():
            check.answer(yes=True, by="bench")
        seconds = perf_counter() - started - shop.seconds
        result: dict[str, Any] = record.check()
    assert result["deleted_products"]["total"] == result["only_in_shop"]["total"] == missing
    return _Measured(missing, result["database_seconds"], seconds)


def _staging(number: int) -> None:
    """Creates the data after a copy: products with one variant each, all linked to one shop."""
    with database.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_seller, hub_connection, catalog_product CASCADE")
    sample_data.catalog("acme", number)
    shop = Connection.objects.create(
        slug="shop",
        name="Shop",
        platform="seller_center_shop",
        role="shop",
        base_url="http://127.0.0.1:9",
        credentials={"service_name": "Staging", "api_key": "key"},
    )
    with database.cursor() as cursor:
        for kind, table in (("product", "catalog_product"), ("variant", "catalog_variant")):
            cursor.execute(
                f"INSERT INTO hub_link (connection_id, kind, external_id, item_id, missing)"
                f" SELECT %s, %s, row_number() OVER (ORDER BY id), id, false FROM {table}",
                [shop.pk, kind],
            )
        cursor.execute("VACUUM ANALYZE hub_link")
    assert Product.objects.count() == number
