"""The journey: read two shops in full, reach the search engine; change, delete, sync again, by click and by webhook."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import requests
from django.db.models import QuerySet

from accounts.services import create_api_key
from catalog.models import Product, Status
from connectors.models import FeedImport, WebhookEvent, WebhookSubscription
from connectors.services import sync
from hub.kinds import DataType, Kind
from hub.models import Change, Link, Run, RunCounter
from synccenter.demo.cast import Player, open_front
from synccenter.demo.stage import Platform
from synclog.models import Issue, SyncLog


class WentWrong(Exception):
    """An act did not end as it should have."""


@dataclass(slots=True)
class Check:
    """A claim that was verified by asking the other side."""

    what: str
    expected: Any
    found: Any

    @property
    def holds(self) -> bool:
        return bool(self.expected == self.found)


@dataclass(slots=True)
class Act:
    """One part of the journey: the runs it took and what was verified after it."""

    name: str
    seconds: float = 0.0
    runs: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"checks": [asdict(check) | {"holds": check.holds} for check in self.checks]}


class Journey:
    """Plays the acts one after another; `tell` is called with lines for the screen."""

    def __init__(
        self, players: Sequence[Player], shop: Platform, search: Platform, tell: Callable[[str], None]
    ) -> None:
        self.players = players
        self.shop = shop
        self.search = search
        self.tell = tell
        self.acts: list[Act] = []

    @property
    def succeeded(self) -> bool:
        return all(check.holds for act in self.acts for check in act.checks)

    def first_sync(self) -> None:
        """Everything that the shops hold reaches the hub and the search engine; what cannot becomes an issue."""
        act, since = self._begin("First full sync")
        self._wait(act, since)
        for player in self.players:
            self._compare_target(act, player)
            dirty = Issue.objects.filter(seller=player.seller, resolved_at=None).count()
            act.checks.append(Check(f"{player.seller}: the dirty items are issues to read", True, dirty > 0))

    def changes(self) -> None:
        """A price is changed and a product deleted at the first shop; a click on Sync carries both over."""
        act, since = self._begin("A new price and a deleted product")
        player = self.players[0]
        links = list(self._sent(player).order_by("item_id")[:2])
        repriced, deleted = (self._external_id(player, link.item_id) for link in links)
        account = player.seller.slug
        self.shop.control("PATCH", f"products/{account}/{repriced}", json={"price": 1234.5, "sale_price": 0})
        self.shop.control("DELETE", f"products/{account}/{deleted}")
        sync(connection=player.shop, data_type=DataType.PRODUCTS, trigger=Run.Trigger.BUTTON)
        self._wait(act, since)
        found = {group["key"]: group for group in self.search.holds(account, "groups")}
        act.checks += [
            Check("the new price has arrived", True, "1234.5" in str(found.get(links[0].external_id))),
            Check("the deleted product has vanished", False, links[1].external_id in found),
        ]
        self._compare_target(act, player)

    def by_webhook(self) -> None:
        """A price is changed at the first shop, and nobody clicks: the shop tells us."""
        act, _ = self._begin("A new price, by webhook")
        player = self.players[0]
        self._wait_for(
            lambda: WebhookSubscription.objects.filter(connection=player.shop, healthy=True).exists(),
            "hooks at the shop",
        )
        link = self._sent(player).order_by("-item_id")[0]
        account, number = player.seller.slug, self._external_id(player, link.item_id)
        started = time.monotonic()
        self.shop.control("PATCH", f"products/{account}/{number}", json={"price": 4321.5, "sale_price": 0})
        self._wait_for(
            lambda: any(
                group["key"] == link.external_id and "4321.5" in str(group)
                for group in self.search.holds(account, "groups")
            ),
            "the new price at the search engine",
        )
        act.seconds = round(time.monotonic() - started, 2)
        self.tell(f"    the new price stood in the search engine {act.seconds} s after the change at the shop")
        told = WebhookEvent.objects.filter(connection=player.shop, payload__data__id=int(number))
        act.checks.append(Check("the shop's event was taken and applied", True, told.filter(state="done").exists()))

    def by_feed(self, address: str) -> None:
        """A platform that fetches takes the whole feed of products once, then only what changed."""
        act, _ = self._begin("A feed is fetched")
        player = self.players[0]
        _, key = create_api_key(name="A platform that fetches", scopes=["feeds:read"], seller=player.seller)
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            started = time.monotonic()
            whole = session.get(f"{address}api/v1/feeds/products/full", timeout=30)
            act.seconds = round(time.monotonic() - started, 2)
            fetched = [json.loads(line) for line in whole.iter_lines()]
            self.tell(f"    {len(fetched)} products in {act.seconds} s, {len(whole.content) // 1024} KiB of JSON Lines")
            offered = Product.objects.filter(seller=player.seller, status__in=(Status.LIVE, Status.SUSPENDED))
            everything = sorted(offered.values_list("pk", flat=True))
            act.checks.append(Check("it holds all that is offered", True, [one["id"] for one in fetched] == everything))

            chosen = self._sent(player).order_by("-item_id")[0].item_id
            number = self._external_id(player, chosen)
            self.shop.control(
                "PATCH", f"products/{player.seller.slug}/{number}", json={"price": 777.5, "sale_price": 0}
            )
            since = {"cursor": whole.headers["Feed-Cursor"]}
            news: list[Any] = []

            def arrived() -> bool:
                news[:] = session.get(f"{address}api/v1/feeds/products", params=since, timeout=30).json()["items"]
                return "777.5" in str(news)

            self._wait_for(arrived, "the new price in the feed")
            act.checks.append(
                Check("what changed since is the product with the new price", [chosen], [one["id"] for one in news])
            )

    def _wait_for(self, true: Callable[[], bool], what: str, *, seconds: float = 60.0) -> None:
        ends = time.monotonic() + seconds
        while not true():
            if time.monotonic() > ends:
                raise WentWrong(f"{what}: not there within {seconds:.0f} s")
            time.sleep(0.05)  # the pace of looking; the loop ends by what the other side says

    def nothing_new(self) -> None:
        """A second full sync of the same content writes nothing to the target, and says so."""
        act, since = self._begin("A full sync with nothing new")
        before = self.search.writes()
        for player in self.players:
            sync(connection=player.shop, data_type=DataType.PRODUCTS, trigger=Run.Trigger.BUTTON)
        self._wait(act, since)
        act.checks.append(Check("writes to the search engine", 0, self.search.writes() - before))

    def b2b_front(self, front: Platform) -> None:
        """A B2B front opens on the first shop: it is sent everything, and its own log is told so."""
        act, since = self._begin("A B2B front on the first shop")
        player = self.players[0]
        account = player.seller.slug
        connection = open_front(player, url=front.url)
        self._wait(act, since)
        log = SyncLog.objects.get(connection=connection, data_type=DataType.PRODUCTS)
        ended = log.last_full_sync.isoformat().replace("+00:00", "Z") if log.last_full_sync else ""
        self._wait_for(
            lambda: any(each["last_full_sync"] == ended for each in front.holds(account, "logs")),
            "the end of the sync in the front's own log",
        )
        live = Product.objects.filter(seller=player.seller, status=Status.LIVE).values("pk")
        ids = Link.objects.filter(connection=player.shop, kind=Kind.PRODUCT, missing=False, item_id__in=live)
        aside = Issue.objects.filter(sync_log=log, resolved_at=None).values("item_id")
        there = {each["external_id"] for each in front.holds(account, "products")}
        wanted = set(ids.exclude(item_id__in=aside).values_list("external_id", flat=True))
        act.checks += [
            Check("the front knows the shop's products by the shop's ids", set(), wanted - there),
            Check(
                "its price list", ["BigCommerce Price"], [each["name"] for each in front.holds(account, "price_lists")]
            ),
        ]

    def _begin(self, name: str) -> tuple[Act, int]:
        self.tell(f"\n{name}")
        act = Act(name)
        self.acts.append(act)
        last = Run.objects.order_by("-id").values_list("id", flat=True).first() if len(self.acts) > 1 else 0
        return act, last or 0

    def _wait(self, act: Act, since: int, *, seconds: float = 60.0) -> None:
        """Until every run that began after `since` is closed and nothing waits; shows progress meanwhile."""
        started = time.monotonic()
        shown = ""
        while True:
            runs = Run.objects.filter(pk__gt=since)
            is_open = runs.filter(state__in=Run.OPEN).exists()
            imports = FeedImport.objects.filter(state__in=("building", "sending", "polling", "unknown")).exists()
            waiting = Change.objects.filter(state=Change.State.READY).count()
            line = self._progress(runs)
            if line != shown:
                self.tell(f"  {time.monotonic() - started:5.1f} s  {line}")
                shown = line
            if not (is_open or imports or waiting):
                break
            if time.monotonic() - started > seconds:
                raise WentWrong(f"{act.name} did not end within {seconds:.0f} s: {line}")
            time.sleep(0.5)  # a display's pace, not a synchronisation: the loop ends by what the database says
        act.seconds = round(time.monotonic() - started, 1)
        act.runs = [self._summary(run) for run in runs.select_related("job__connection").order_by("pk")]
        for run in act.runs:
            figures = ", ".join(f"{name} {run[name]}" for name in RunCounter.OUTCOMES if run[name])
            self.tell(
                f"    {run['job']}: {Run.State(run['state']).label}; {figures or 'nothing to read'}; "
                f"{run['api_calls']} API calls, {run['seconds']} s"
            )
        failed = [run for run in act.runs if run["state"] in (Run.State.FAILED, Run.State.CANCELLED)]
        act.checks.append(Check("runs that failed", [], failed))

    def _progress(self, runs: Any) -> str:
        """How many runs have ended, and how far those got that a worker has begun."""
        everything = list(runs.select_related("job__connection").order_by("pk"))
        under_way = [run for run in everything if run.state in Run.OPEN]
        line = f"{len(everything) - len(under_way)} of {len(everything)} runs ended"
        begun = [run for run in under_way if run.state != Run.State.QUEUED]
        return "; ".join((line, *map(self._position, begun)))

    def _position(self, run: Run) -> str:
        done = sum(counter.read for counter in run.counters.all())
        return f"{run.job.connection.slug} {run.job.data_type} {done}" + (f" of {run.total}" if run.total else "")

    def _summary(self, run: Run) -> dict[str, Any]:
        totals = dict.fromkeys(RunCounter.OUTCOMES, 0)
        for counter in run.counters.all():
            for name in totals:
                totals[name] += getattr(counter, name)
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else 0.0
        return {
            "run": run.pk,
            "job": str(run.job),
            "scope": run.scope,
            "state": run.state,
            **totals,
            "api_calls": run.api_calls,
            "seconds": round(seconds, 1),
        }

    def _external_id(self, player: Player, item_id: int) -> str:
        return Link.objects.get(connection=player.shop, kind=Kind.PRODUCT, item_id=item_id).external_id

    def _sent(self, player: Player) -> QuerySet[Link]:
        """The products that the search engine has."""
        return Link.objects.filter(connection=player.search, kind=Kind.PRODUCT, missing=False, sent_hash__isnull=False)

    def _compare_target(self, act: Act, player: Player) -> None:
        """What the search engine holds is just what the hub has sent, and all that can be sent was sent."""
        arrived = {group["key"] for group in self.search.holds(player.seller.slug, "groups")}
        sent = set(self._sent(player).values_list("external_id", flat=True))
        act.checks.append(Check(f"{player.seller}: the search engine holds what was sent", True, arrived == sent))
        offered = Product.objects.filter(seller=player.seller, status=Status.LIVE).count()
        skipped = Issue.objects.filter(
            seller=player.seller, resolved_at=None, severity="error", job__connection=player.search
        ).count()
        act.checks.append(
            Check(f"{player.seller}: live products less those with an issue", offered - skipped, len(arrived))
        )
