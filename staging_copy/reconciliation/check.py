"""The course of a check: ask each shop about each kind, ask a person if much is missing, conclude.

Works on the database that this process is connected to, with the shops' addresses and credentials as they stand there;
`manage.py check_staging` makes sure that this is the copy. A lookup that failed is never "does not exist": whatever
is odd ends the check before anything was deleted.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from connectors.sdk.errors import TryAgainLater
from hub.kinds import Kind
from hub.models import Connection
from staging_copy.journal import Journal
from staging_copy.models import Finding
from staging_copy.reconciliation import comparison, deletion
from staging_copy.reconciliation.comparison import Scope
from staging_copy.reconciliation.progress import CheckProgress
from staging_copy.reconciliation.shops import CheckFailed, Shop, find_shops, with_retries
from staging_copy.reconciliation.tally import Tally

# What is deleted, and what is only reported (L9).
DELETED = ("seller", str(Kind.PRODUCT))
REPORTED = (str(Kind.BRAND), str(Kind.CATEGORY))
# So few that what a used-up budget makes us ask again is little.
_CHUNK_SIZE = 1_000

ProgressCallback = Callable[[str, int], None]


class Check:
    """One check. `on_progress` is told what is being asked, and how many ids were by now."""

    def __init__(self, record: Journal, on_progress: ProgressCallback = lambda what, count: None) -> None:
        self.record = record
        self.on_progress = on_progress
        self.progress = CheckProgress(record)
        self.shops, self.not_asked = find_shops()
        self.database_seconds = 0.0

    def run(self, *, fresh: bool = False) -> bool:
        """Asks, and deletes what is missing. False if that is so much that a person has to say yes first.

        Goes on where a killed check stopped, unless it is to begin afresh. Raises CheckFailed.
        """
        with database.execute_wrapper(self._timed):
            if fresh or not self.progress.started:
                Finding.objects.all().delete()
                self.progress.start([shop.name for shop in self.shops])
            elif (result := self.progress.result) and not Finding.objects.exists():
                self._finish(result)
                return True
            for shop in self.shops:
                with shop.session():
                    for kind in (*DELETED, *REPORTED):
                        self._ask(shop, kind)
            if harmful := self._harmful():
                self.record.write("asking", harmful=harmful)
                return False
            self._conclude(answer=None, by="")
            return True

    def answer(self, *, yes: bool, by: str) -> None:
        """Ends a check that asked. Yes deletes everything that is missing; no leaves out what was asked about."""
        for shop in self.shops:
            for kind in (*DELETED, *REPORTED):
                tally = self.progress.tally(shop.name, kind)
                if tally is None:
                    raise CheckFailed(f"{shop.name} was not asked about each {kind}; check again.")
                shop.tallies[kind] = tally
        self.record.write("answered", yes=yes, by=by)
        with database.execute_wrapper(self._timed):
            self._conclude(answer=yes, by=by)

    def _ask(self, shop: Shop, kind: str) -> None:
        if known := self.progress.tally(shop.name, kind):
            shop.tallies[kind] = known
            return
        tally = shop.tallies[kind] = Tally()
        scope = comparison.scope(shop.ids, kind)
        try:
            for connection in shop.connections:
                for link_kind in scope.link_kinds:
                    tally.checked += self._look_up(shop, connection, kind, link_kind)
        except NotImplementedError:
            tally.note = "This platform cannot be asked."
        else:
            try:
                self._list(shop, scope)
            except NotImplementedError:
                tally.note = "This platform cannot list what it has, so nobody knows what only it has."
        comparison.count(scope, tally)
        self.progress.asked(shop.name, kind, tally)

    def _look_up(self, shop: Shop, connection: Connection, kind: str, link_kind: str) -> int:
        lookup = shop.listing(connection, kind).lookup
        after, checked = self.progress.position(connection.pk, link_kind)
        while expected_ids := comparison.ids_after(connection.pk, link_kind, after, limit=_CHUNK_SIZE):
            found = with_retries(partial(lookup, expected_ids))
            if not found <= set(expected_ids):
                raise TryAgainLater("The shop named ids that it was not asked for.")
            comparison.record_missing(
                connection.pk, kind, link_kind, [each for each in expected_ids if each not in found]
            )
            after, checked = expected_ids[-1], checked + len(expected_ids)
            self.progress.record_lookup(connection.pk, link_kind, after, checked)
            self.on_progress(f"{connection.slug}: {kind}", checked)
        return checked

    def _list(self, shop: Shop, scope: Scope) -> None:
        list_ids = shop.listing(shop.connections[0], scope.kind).list_ids
        comparison.start_list(scope)
        cursor, listed, seen_cursors = None, 0, set()
        while True:
            ids, cursor = with_retries(partial(list_ids, cursor=cursor))
            comparison.add_to_list(ids)
            listed += len(ids)
            self.on_progress(f"{shop.name}: list of {scope.kind}", listed)
            if cursor is None:
                break
            if cursor in seen_cursors:
                raise TryAgainLater(f"The shop's list of {scope.kind} goes in a circle.")
            seen_cursors.add(cursor)
        if unlisted := comparison.compare_list(scope):
            raise TryAgainLater(
                f"The shop has {unlisted} of {scope.kind} that its own list leaves out; its paging is wrong."
            )

    def _harmful(self) -> list[dict[str, Any]]:
        return [
            {"shop": shop.name, "kind": kind, "missing": tally.offered_missing, "of": tally.offered}
            for shop in self.shops
            for kind, tally in shop.tallies.items()
            if kind in DELETED and tally.is_harmful
        ]

    def _conclude(self, *, answer: bool | None, by: str) -> None:
        harmful = self._harmful()
        with transaction.atomic():
            if answer is False:
                for shop in self.shops:
                    kinds = [each["kind"] for each in harmful if each["shop"] == shop.name]
                    deletion.keep_missing(connections=shop.ids, kinds=kinds)
            asked = [connection for shop in self.shops for connection in shop.ids]
            result = {
                "shops": [
                    {"shop": shop.name, "kinds": {kind: asdict(tally) for kind, tally in shop.tallies.items()}}
                    for shop in self.shops
                ],
                "not_asked": self.not_asked,
                "guard": {"harmful": harmful, "answer": answer, "by": by},
                **deletion.apply_findings(connections=asked, reported=REPORTED, now=timezone.now()),
                "database_seconds": round(self.database_seconds, 3),
            }
            findings, _ = Finding.objects.all().delete()
            if findings:
                self.progress.concluding(result)
        self._finish(result)

    def _finish(self, result: dict[str, Any]) -> None:
        self.record.save_check(result)
        self.record.write("checked")

    def _timed(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        started = time.monotonic()
        try:
            return execute(*arguments)
        finally:
            self.database_seconds += time.monotonic() - started
