"""The check after a copy, on staging: what its shop does not have becomes `deleted` there (L11, L12, L15).

Works on the database that this process is connected to, with the shops' addresses and credentials as they stand there;
`manage.py check_staging` makes sure that this is the copy. A lookup that failed is never "does not exist": whatever
is odd ends the check before anything was deleted. The journal says how far it came, so a killed one goes on.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from catalog.models import Product, Status
from connectors.contract import Adapter
from connectors.errors import ConnectorError, NeedsAttention, TryAgainLater
from connectors.opening import account_of, open_adapter
from connectors.registry import adapter_for
from hub.kinds import Kind, Role
from hub.models import Connection, Link
from staging_copy import freeze, verdicts
from staging_copy.journal import Journal
from staging_copy.models import Finding

SELLER = "seller"
# What is deleted, and what is only reported (L9).
DELETED = (SELLER, str(Kind.PRODUCT))
REPORTED = (str(Kind.BRAND), str(Kind.CATEGORY))
SHOWN = 10_000
_CHUNK = 5_000
_TRIES = 4
_LONGEST_WAIT = 600.0

Say = Callable[[str, int], None]


class CheckFailed(Exception):
    """The check could not be ended. Nothing was deleted, and staging's sync stays frozen."""


@dataclass
class Tally:
    """What was asked about one kind in one shop. `listed` None: the shop cannot list."""

    checked: int = 0
    missing: int = 0
    # Those that count for the guard: what was discontinued on live is expected to be missing.
    offered: int = 0
    offered_missing: int = 0
    contradicted: int = 0
    only_in_shop: int | None = None
    note: str = ""

    @property
    def is_harmful(self) -> bool:
        """More than a few are missing: a shop that lost its data looks like that as well (N5)."""
        share = settings.STAGING_COPY_GUARD_PERCENT / 100
        many = self.offered_missing >= settings.STAGING_COPY_GUARD_ITEMS
        return (many and self.offered_missing > share * self.offered) or 1 < self.offered == self.offered_missing


@dataclass
class Shop:
    """Connections of staging that lead to one shop, with what came of asking it."""

    name: str
    connections: list[Connection]
    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [connection.pk for connection in self.connections]


class Check:
    """One check. `say` is told what is being asked, and how many ids were by now."""

    def __init__(self, record: Journal, say: Say = lambda what, count: None) -> None:
        self.record = record
        self.say = say
        self.asked, self.not_asked = _shops()
        self.database_seconds = 0.0

    def run(self, *, fresh: bool = False) -> bool:
        """Asks, and deletes what is missing. False if that is so much that a person has to say yes first.

        Goes on where a killed check stopped, unless it is to begin afresh. Raises CheckFailed.
        """
        if fresh or self.record.last("check begun") is None:
            Finding.objects.all().delete()
            self.record.write("check begun", shops=[shop.name for shop in self.asked])
        for shop in self.asked:
            with _failing_for(shop), closing(_Opened(shop)) as adapters:
                for kind in (*DELETED, *REPORTED):
                    self._ask(shop, kind, adapters)
        if harmful := self._harmful():
            self.record.write("asking", harmful=harmful)
            return False
        self._conclude(answer=None, by="")
        return True

    def answer(self, *, yes: bool, by: str) -> None:
        """Ends a check that asked. Yes deletes everything that is missing; no leaves out what was asked about."""
        self._recall()
        self.record.write("answered", yes=yes, by=by)
        self._conclude(answer=yes, by=by)

    def _ask(self, shop: Shop, kind: str, adapters: "_Opened") -> None:
        done = self._remembered(shop, kind)
        if done is not None:
            shop.tallies[kind] = done
            return
        tally = shop.tallies[kind] = Tally()
        try:
            for connection in shop.connections:
                self._look_up(connection, kind, adapters[connection], tally)
        except NotImplementedError:
            tally.note = "This platform cannot be asked."
        else:
            try:
                self._list(shop, kind, adapters[shop.connections[0]], tally)
            except NotImplementedError:
                tally.note = "This platform cannot list what it has, so nobody knows what only it has."
        self._count(shop, kind, tally)
        self.record.write("asked", shop=shop.name, kind=kind, tally=asdict(tally))

    def _look_up(self, connection: Connection, kind: str, adapter: Adapter, tally: Tally) -> None:
        after, checked = self._position(connection, kind)
        while chunk := self._timed(_chunk, connection, kind, after):
            named = {external_id: item_id for _, external_id, item_id in chunk}
            found = _patiently(partial(adapter.lookup, kind, list(named)))
            if not found <= named.keys():
                raise TryAgainLater("The shop named ids that it was not asked for.")
            missing = [(external_id, named[external_id]) for external_id in named.keys() - found]
            self._timed(_note, connection, kind, missing)
            after, checked = chunk[-1][0], checked + len(chunk)
            self.record.write("looked up", connection=connection.pk, kind=kind, after=after, checked=checked)
            self.say(f"{connection.slug}: {kind}", checked)
        tally.checked += checked

    def _list(self, shop: Shop, kind: str, adapter: Adapter, tally: Tally) -> None:
        """What only the shop has (L15). The list also bears witness: what it names is not missing, and what the lookup
        found must stand in it, or else its pages are not complete."""
        Finding.objects.filter(connection__in=shop.ids, kind=kind, verdict=Finding.Verdict.ONLY_IN_SHOP).delete()

        def read() -> tuple[int, set[str]]:
            seen: set[str] = set()
            listed = 0
            ids = iter(adapter.all_ids(kind))
            while chunk := list(islice(ids, _CHUNK)):
                listed += len(chunk)
                seen |= self._timed(lambda: _compare(shop, kind, chunk))
                self.say(f"{shop.name}: list of {kind}", listed)
            return listed, seen

        _, seen = _patiently(read)
        known = {external_id for one in shop.connections for _, external_id, _ in _known(one, kind, 0).iterator()}
        gone = set(
            Finding.objects.filter(connection__in=shop.ids, kind=kind, verdict=Finding.Verdict.MISSING).values_list(
                "external_id", flat=True
            )
        )
        if unlisted := len(known - gone - seen):
            raise TryAgainLater(f"The shop has {unlisted} of {kind} that its own list leaves out; its paging is wrong.")

    def _count(self, shop: Shop, kind: str, tally: Tally) -> None:
        tallied = Finding.objects.filter(connection__in=shop.ids, kind=kind)
        missing = tallied.filter(verdict=Finding.Verdict.MISSING)
        tally.missing = missing.count()
        tally.contradicted = tallied.filter(verdict=Finding.Verdict.CONTRADICTED).count()
        if not tally.note:
            tally.only_in_shop = tallied.filter(verdict=Finding.Verdict.ONLY_IN_SHOP).count()
        tally.offered, tally.offered_missing = tally.checked, tally.missing
        if kind == Kind.PRODUCT:
            expected = Product.objects.filter(status__in=(Status.DISCONTINUED, Status.DELETED))
            linked = Link.objects.filter(connection__in=shop.ids, kind=kind)
            tally.offered -= linked.filter(Exists(expected.filter(pk=OuterRef("item_id")))).count()
            tally.offered_missing -= missing.filter(Exists(expected.filter(pk=OuterRef("item_id")))).count()

    def _harmful(self) -> list[dict[str, Any]]:
        return [
            {"shop": shop.name, "kind": kind, "missing": tally.offered_missing, "of": tally.offered}
            for shop in self.asked
            for kind, tally in shop.tallies.items()
            if kind in DELETED and tally.is_harmful
        ]

    def _conclude(self, *, answer: bool | None, by: str) -> None:
        harmful = self._harmful()
        left_out = {(each["shop"], each["kind"]) for each in harmful} if answer is False else set()
        with transaction.atomic():
            if left_out:
                for shop in self.asked:
                    kinds = [kind for name, kind in left_out if name == shop.name]
                    Finding.objects.filter(connection__in=shop.ids, kind__in=kinds).update(verdict=Finding.Verdict.KEPT)
            asked = [key for shop in self.asked for key in shop.ids]
            sellers = self._timed(verdicts.delete_sellers, connections=asked)
            products = self._timed(verdicts.delete_products, connections=asked, now=timezone.now())
            released = freeze.release(reason="The checks after the copy are over.")
            result = self._result(sellers, products) | {
                "guard": {"harmful": harmful, "answer": answer, "by": by},
                "released_platforms": released,
            }
            Finding.objects.all().delete()
        self.record.save_check(result)
        self.record.write("checked")

    def _result(self, sellers: list[dict[str, Any]], products: list[dict[str, Any]]) -> dict[str, Any]:
        only, contradicted = Finding.Verdict.ONLY_IN_SHOP, Finding.Verdict.CONTRADICTED
        return {
            "shops": [
                {"shop": shop.name, "kinds": {kind: asdict(tally) for kind, tally in shop.tallies.items()}}
                for shop in self.asked
            ],
            "not_asked": self.not_asked,
            "products_without_an_id_in_a_shop": verdicts.without_an_id(),
            "deleted_sellers": _shown(sellers),
            "deleted_products": _shown(products),
            "only_in_shop": _shown(verdicts.listed(Finding.objects.filter(verdict=only))),
            "contradicted": _shown(verdicts.listed(Finding.objects.filter(verdict=contradicted))),
            "kept_by_answer": _shown(verdicts.listed(Finding.objects.filter(verdict=Finding.Verdict.KEPT))),
            "missing_but_only_reported": _shown(
                verdicts.listed(Finding.objects.filter(verdict=Finding.Verdict.MISSING, kind__in=REPORTED))
            ),
            "database_seconds": round(self.database_seconds, 3),
        }

    def _events(self) -> list[dict[str, Any]]:
        """Those of the present check."""
        events = self.record.events()
        begun = max((n for n, event in enumerate(events) if event["event"] == "check begun"), default=len(events))
        return events[begun:]

    def _position(self, connection: Connection, kind: str) -> tuple[int, int]:
        for event in reversed(self._events()):
            if event["event"] == "looked up" and (event["connection"], event["kind"]) == (connection.pk, kind):
                return event["after"], event["checked"]
        return 0, 0

    def _remembered(self, shop: Shop, kind: str) -> Tally | None:
        for event in self._events():
            if event["event"] == "asked" and (event["shop"], event["kind"]) == (shop.name, kind):
                return Tally(**event["tally"])
        return None

    def _recall(self) -> None:
        for shop in self.asked:
            for kind in (*DELETED, *REPORTED):
                tally = self._remembered(shop, kind)
                if tally is None:
                    raise CheckFailed(f"{shop.name} was not asked about each {kind}; check again.")
                shop.tallies[kind] = tally

    def _timed(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        begun = time.monotonic()
        try:
            return work(*arguments, **named)
        finally:
            self.database_seconds += time.monotonic() - begun


class _Opened:
    """Adapters of a shop's connections, opened when first needed."""

    def __init__(self, shop: Shop) -> None:
        self._adapters: dict[int, Adapter] = {}
        self._shop = shop

    def __getitem__(self, connection: Connection) -> Adapter:
        if connection.pk not in self._adapters:
            self._adapters[connection.pk] = open_adapter(connection)
        return self._adapters[connection.pk]

    def close(self) -> None:
        for adapter in self._adapters.values():
            adapter.http.close()


def _shops() -> tuple[list[Shop], list[dict[str, str]]]:
    """The shops that can be asked, and the connections that must not be, with the reason."""
    shops: dict[str, list[Connection]] = defaultdict(list)
    left_out = []
    for connection in Connection.objects.filter(role=Role.SHOP).select_related("seller").order_by("pk"):
        if reason := _reason_not_to_ask(connection):
            left_out.append({"connection": connection.slug, "reason": reason})
            continue
        try:
            key = adapter_for(connection.platform).budget_key(account_of(connection))
        except NeedsAttention as error:
            raise CheckFailed(f"{connection}: {error} {error.mend}".strip()) from error
        shops[key].append(connection)
    return [Shop(connections[0].slug, connections) for connections in shops.values()], left_out


def _reason_not_to_ask(connection: Connection) -> str:
    if connection.state == Connection.State.UNINSTALLED:
        return "It is uninstalled."
    if connection.paused_at is not None:
        return f"It is paused: {connection.pause_reason or 'by a person'}"
    if not connection.base_url:
        return "It has no address of staging's own."
    return ""


def _known(connection: Connection, kind: str, after: int) -> Any:
    """(place, external id, item) of everything of a kind that staging knows there, in order of the place."""
    if kind == SELLER:
        return _KnownSellers(connection, after)
    kinds = Link.objects.filter(connection=connection, kind=kind, pk__gt=after)
    if kind == Kind.CATEGORY:
        kinds = Link.objects.filter(connection=connection, kind__startswith=kind, pk__gt=after)
    return kinds.order_by("pk").values_list("pk", "external_id", "item_id")


def _chunk(connection: Connection, kind: str, after: int) -> list[tuple[int, str, int]]:
    return list(_known(connection, kind, after)[:_CHUNK])


class _KnownSellers:
    """Sellers by their links, and the one whose id in the shop stands in the connection's settings."""

    def __init__(self, connection: Connection, after: int) -> None:
        links = Link.objects.filter(connection=connection, kind=SELLER).values_list("external_id", "item_id")
        known = dict(links)
        if connection.seller_id and (own := str(connection.settings.get("seller") or "")):
            known.setdefault(own, connection.seller_id)
        self.rows = [
            (place, external_id, seller)
            for place, (external_id, seller) in enumerate(sorted(known.items()), 1)
            if place > after
        ]

    def __getitem__(self, part: slice) -> list[tuple[int, str, int]]:
        return self.rows[part]

    def iterator(self) -> Iterator[tuple[int, str, int]]:
        return iter(self.rows)


def _note(connection: Connection, kind: str, missing: Iterable[tuple[str, int]]) -> None:
    Finding.objects.bulk_create(
        [
            Finding(
                connection=connection,
                kind=kind,
                external_id=external_id,
                item_id=item_id,
                verdict=Finding.Verdict.MISSING,
            )
            for external_id, item_id in missing
        ],
        ignore_conflicts=True,
    )


def _link_kinds(shop: Shop, kind: str) -> list[str]:
    """Categories are linked per storefront (`category@2`); spelt out, so that the index finds the ids."""
    if kind != Kind.CATEGORY:
        return [kind]
    links = Link.objects.filter(connection__in=shop.ids, kind__startswith=kind)
    return list(links.order_by().values_list("kind", flat=True).distinct())


def _compare(shop: Shop, kind: str, listed: list[str]) -> set[str]:
    """Notes what staging does not know of this part of the shop's list; returns what it knows."""
    if kind == SELLER:
        known = {external_id for one in shop.connections for _, external_id, _ in _known(one, kind, 0).iterator()}
        known &= set(listed)
    else:
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT external_id FROM hub_link WHERE connection_id = ANY(%s)"
                " AND kind = ANY(%s) AND external_id = ANY(%s)",
                [shop.ids, _link_kinds(shop, kind), listed],
            )
            known = {external_id for (external_id,) in cursor.fetchall()}
    Finding.objects.bulk_create(
        [
            Finding(
                connection=shop.connections[0],
                kind=kind,
                external_id=external_id,
                verdict=Finding.Verdict.ONLY_IN_SHOP,
            )
            for external_id in set(listed) - known
        ],
        ignore_conflicts=True,
    )
    Finding.objects.filter(
        connection__in=shop.ids, kind=kind, external_id__in=known, verdict=Finding.Verdict.MISSING
    ).update(verdict=Finding.Verdict.CONTRADICTED)
    return known


def _patiently(call: Callable[[], Any]) -> Any:
    """The call's answer. Waits while our own budget is used up, and tries a few times what may pass."""
    failures = 0
    while True:
        try:
            return call()
        except TryAgainLater as error:
            ours = not error.sent and error.not_before is not None
            failures += not ours
            wait = 2.0**failures
            if error.not_before is not None:
                wait = max(0.05, (error.not_before - timezone.now()).total_seconds())
            if failures >= _TRIES or wait > _LONGEST_WAIT:
                raise
            time.sleep(wait)


@contextmanager
def _failing_for(shop: Shop) -> Iterator[None]:
    try:
        yield
    except ConnectorError as error:
        mend = getattr(error, "mend", "")
        raise CheckFailed(f"{shop.name} could not be asked: {error} {mend}".strip()) from error


def _shown(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"total": len(rows), "shown": rows[:SHOWN]}
