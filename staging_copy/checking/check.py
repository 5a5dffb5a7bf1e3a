"""The workflow of a check: query each shop about each kind, ask a person if many items are missing, apply the result.

Works on the default database, with the endpoints and credentials stored there; `manage.py check_staging` verifies that
this is the copy. A failed lookup never counts as "does not exist": any unexpected answer ends the check before anything
is deleted.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.sdk.errors import TryAgainLater
from hub.kinds import Kind
from hub.models import Connection
from staging_copy.checking import comparison, deletion
from staging_copy.checking.comparison import Scope
from staging_copy.checking.progress import CheckProgress
from staging_copy.checking.shops import CheckFailed, Shop, find_shops, with_retries
from staging_copy.checking.tally import Tally
from staging_copy.checking.unchecked import find_unchecked
from staging_copy.copying.journal import Journal
from staging_copy.models import Finding

# Missing items of these kinds are deleted, or only reported (L9).
DELETED = ("seller", str(Kind.PRODUCT))
REPORTED = (str(Kind.BRAND), str(Kind.CATEGORY))
# Small, so that little has to be repeated when the API budget runs out.
_CHUNK_SIZE = 1_000

ProgressCallback = Callable[[str, int], None]


class Check:
    """One check. `on_progress` is called with what is being checked and the number of IDs so far."""

    def __init__(self, record: Journal, on_progress: ProgressCallback = lambda what, count: None) -> None:
        self.record = record
        self.on_progress = on_progress
        self.progress = CheckProgress(record)
        self.shops, self.not_asked = find_shops()
        self.database_seconds = 0.0

    def run(self, *, fresh: bool = False) -> bool:
        """Queries the shops and deletes missing items. Returns False if a person has to confirm the deletion first.

        Continues where a killed check stopped, unless `fresh`. Raises CheckFailed.
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
        """Finishes a check that asked. Yes deletes all missing items; no keeps those that the question was about.

        Raises CheckFailed.
        """
        for shop in self.shops:
            for kind in (*DELETED, *REPORTED):
                tally = self.progress.tally(shop.name, kind)
                if tally is None:
                    message = _("Not every %(kind)s of %(shop)s has been checked. Check again.")
                    raise CheckFailed(message % {"kind": kind, "shop": shop.name})
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
            tally.can_look_up = False
            tally.note = _("Not supported: this platform has no lookup by ID.")
        else:
            try:
                self._list(shop, scope)
            except NotImplementedError:
                tally.note = _("This platform has no list of IDs, so items that exist only there were not found.")
        comparison.count(scope, tally)
        self.progress.asked(shop.name, kind, tally)

    def _look_up(self, shop: Shop, connection: Connection, kind: str, link_kind: str) -> int:
        lookup = shop.listing(connection, kind).lookup
        after, checked = self.progress.position(connection.pk, link_kind)
        while expected_ids := comparison.ids_after(connection.pk, link_kind, after, limit=_CHUNK_SIZE):
            found = with_retries(partial(lookup, expected_ids))
            if not found <= set(expected_ids):
                raise TryAgainLater(_("The shop returned IDs that were not requested."))
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
                message = _("The shop's list of IDs (%(kind)s) repeats a page.")
                raise TryAgainLater(message % {"kind": scope.kind})
            seen_cursors.add(cursor)
        if unlisted := comparison.compare_list(scope):
            message = ngettext(
                "%(count)s ID (%(kind)s) exists in the shop but is missing in the shop's own list.",
                "%(count)s IDs (%(kind)s) exist in the shop but are missing in the shop's own list.",
                unlisted,
            )
            raise TryAgainLater(message % {"count": unlisted, "kind": scope.kind})

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
                **find_unchecked(
                    checked=asked,
                    asked={
                        kind: [
                            connection
                            for shop in self.shops
                            if kind in shop.tallies and shop.tallies[kind].can_look_up
                            for connection in shop.ids
                        ]
                        for kind in DELETED
                    },
                ),
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
