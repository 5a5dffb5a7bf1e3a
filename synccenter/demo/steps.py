"""The steps of the demo's scenarios, and what they have in common: waiting, printing progress, comparing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import QuerySet

from catalog.models import Product, Status
from connectors.models import FeedImport
from hub import links
from hub.kinds import Kind
from hub.models import Change, Link, Run, RunCounter
from synccenter.demo.platforms import Platform
from synccenter.demo.sellers import DemoSeller
from synclog.models import Issue


class DemoFailed(Exception):
    """A step of the demo failed or timed out."""


@dataclass(slots=True)
class Check:
    """An expectation and what was found on the platform or in the database."""

    what: str
    expected: Any
    found: Any

    @property
    def holds(self) -> bool:
        return bool(self.expected == self.found)


@dataclass(slots=True)
class Step:
    """One step of the scenario: its runs and checks."""

    name: str
    seconds: float = 0.0
    runs: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"checks": [asdict(check) | {"holds": check.holds} for check in self.checks]}


class Steps:
    """Runs steps; `print_line` is called with each line of output. Each step raises DemoFailed."""

    def __init__(self, sellers: Sequence[DemoSeller], search: Platform, print_line: Callable[[str], None]) -> None:
        self.sellers = sellers
        self.search = search
        self.print_line = print_line
        self.steps: list[Step] = []

    @property
    def succeeded(self) -> bool:
        return all(check.holds for step in self.steps for check in step.checks)

    def _wait_for(self, condition: Callable[[], bool], what: str, *, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise DemoFailed(f"Timed out after {seconds:.0f} s waiting for {what}.")
            time.sleep(0.05)  # polling interval

    def _start_step(self, name: str) -> tuple[Step, int]:
        self.print_line(f"\n{name}")
        step = Step(name)
        self.steps.append(step)
        last = Run.objects.order_by("-id").values_list("id", flat=True).first() if len(self.steps) > 1 else 0
        return step, last or 0

    def _wait(self, step: Step, since: int, *, seconds: float = 60.0) -> None:
        """Waits until all runs with an ID above `since` are finished and no changes are queued; prints progress."""
        started = time.monotonic()
        printed = ""
        while True:
            runs = Run.objects.filter(pk__gt=since)
            is_open = runs.filter(state__in=Run.OPEN).exists()
            imports = FeedImport.objects.filter(state__in=("building", "sending", "polling", "unknown")).exists()
            waiting = Change.objects.filter(state=Change.State.READY).count()
            line = self._progress(runs)
            if line != printed:
                self.print_line(f"  {time.monotonic() - started:5.1f} s  {line}")
                printed = line
            if not (is_open or imports or waiting):
                break
            if time.monotonic() - started > seconds:
                raise DemoFailed(f"{step.name}: timed out after {seconds:.0f} s. {line}")
            time.sleep(0.5)  # interval of the progress display
        step.seconds = round(time.monotonic() - started, 1)
        step.runs = [self._summary(run) for run in runs.select_related("job__connection").order_by("pk")]
        for run in step.runs:
            counts = ", ".join(f"{run[name]} {name}" for name in RunCounter.Outcome if run[name])
            calls = "1 API call" if run["api_calls"] == 1 else f"{run['api_calls']} API calls"
            self.print_line(
                f"    {run['job']}: {Run.State(run['state']).label} ({counts or 'no items'}), {calls}, "
                f"{run['seconds']} s"
            )
        failed = [run for run in step.runs if run["state"] in (Run.State.FAILED, Run.State.CANCELLED)]
        step.checks.append(Check("no run failed", [], failed))

    def _progress(self, runs: Any) -> str:
        """The number of finished runs, and the position of each started run."""
        all_items = list(runs.select_related("job__connection").order_by("pk"))
        under_way = [run for run in all_items if run.state in Run.OPEN]
        line = f"{len(all_items) - len(under_way)} of {len(all_items)} runs finished"
        started_runs = [run for run in under_way if run.state != Run.State.QUEUED]
        return "; ".join((line, *map(self._position, started_runs)))

    def _position(self, run: Run) -> str:
        done = sum(counter.read for counter in run.counters.all())
        return f"{run.job.connection.slug} {run.job.data_type} {done}" + (f" of {run.total}" if run.total else "")

    def _summary(self, run: Run) -> dict[str, Any]:
        totals = dict.fromkeys(RunCounter.Outcome, 0)
        for counter in run.counters.all():
            for name in totals:
                totals[name] += getattr(counter, name)
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else 0.0
        return {
            "run": run.pk,
            "job": str(run.job),
            "scope": run.scope,
            "state": run.state,
            **{name.value: number for name, number in totals.items()},
            "api_calls": run.api_calls,
            "seconds": round(seconds, 1),
        }

    def _external_id(self, seller_setup: DemoSeller, item_id: int) -> str:
        return links.of_kind(seller_setup.shop.pk, Kind.PRODUCT).get(item_id=item_id).external_id

    def _sent(self, seller_setup: DemoSeller) -> QuerySet[Link]:
        """Links to the products in the seller's search engine."""
        return links.of_kind(seller_setup.search.pk, Kind.PRODUCT).filter(missing=False, sent_hash__isnull=False)

    def _compare_target(self, step: Step, seller_setup: DemoSeller) -> None:
        """Checks that the search engine contains exactly what was sent, and that all valid products were sent."""
        arrived = {group["key"] for group in self.search.holds(seller_setup.seller.slug, "groups")}
        sent = set(self._sent(seller_setup).values_list("external_id", flat=True))
        step.checks.append(
            Check(f"{seller_setup.seller}: the search engine has exactly the sent products", True, arrived == sent)
        )
        offered = Product.objects.filter(seller=seller_setup.seller, status=Status.LIVE).count()
        skipped = Issue.objects.filter(
            seller=seller_setup.seller, resolved_at=None, severity="error", job__connection=seller_setup.search
        ).count()
        step.checks.append(
            Check(f"{seller_setup.seller}: all products without an issue are synced", offered - skipped, len(arrived))
        )
