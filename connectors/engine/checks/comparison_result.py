"""The end of a comparison: what it has found, without results that are no longer true."""

from collections import Counter
from datetime import datetime

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from connectors.engine.platforms import platform_names
from connectors.engine.turn import Turn
from connectors.sdk import issues
from hub import clock, lanes, links, runs
from hub.models import Job, Run, RunItem, SeenExternalId
from synclog import services as synclog

Verdict = RunItem.Verdict


def close(turn: Turn, job: Job, run: Run) -> None:
    """Close the run with its summary, and open or resolve the issue of the comparison."""
    now = clock.now()
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        _drop_stale_findings(job, run)
        SeenExternalId.objects.filter(run=run).delete()
        found = Counter(
            {verdict: run.items.filter(verdict=verdict).count() for verdict in (*RunItem.REPAIRABLE, Verdict.UNKNOWN)}
        )
        summary = _summary(job, run, found)
        # Items that only the target has are reported, but are not a difference.
        differs = any(found[verdict] for verdict in RunItem.REPAIRABLE)
        Run.objects.filter(pk=run.pk).update(total=getattr(run.counters.first(), "read", 0))
        runs.close_check(run=run, now=now, found=summary, drift=differs)
        _update_comparison_issue(job, run, summary, differs, now)


def _drop_stale_findings(job: Job, run: Run) -> None:
    """Delete results for items that were linked or sent after they were compared."""
    linked = links.of_job(job).filter(external_id=OuterRef("external_id")).values("pk")[:1]
    unknown = run.items.filter(verdict=Verdict.UNKNOWN).annotate(link=Subquery(linked))
    RunItem.objects.filter(pk__in=unknown.filter(link__isnull=False).values("pk")).delete()
    sent = links.of_job(job).filter(item_id=OuterRef("item_id"), sent_at__gte=OuterRef("found_at")).values("pk")[:1]
    judged = run.items.filter(~Q(verdict=Verdict.UNKNOWN)).annotate(link=Subquery(sent))
    RunItem.objects.filter(pk__in=judged.filter(link__isnull=False).values("pk")).delete()


def _summary(job: Job, run: Run, found: Counter[RunItem.Verdict]) -> str:
    counted = run.counters.first()
    agree, not_compared = getattr(counted, "unchanged", 0), getattr(counted, "skipped", 0)
    labels = {
        Verdict.MISSING: _("missing"),
        Verdict.DIFFERENT: _("different"),
        Verdict.GONE: _("to be removed"),
        Verdict.UNKNOWN: _("not from SyncCenter"),
    }
    parts = [f"{found[verdict]:,} {label}" for verdict, label in labels.items() if found[verdict]]
    text = _("%(data)s at %(connection)s: %(number)s match, %(differences)s.") % {
        "data": job.get_data_type_display(),
        "connection": job.connection,
        "number": f"{agree:,}",
        "differences": ", ".join(parts) or _("no differences"),
    }
    if not_compared:
        text += " " + _("Not compared: %(number)s that are waiting to be sent or have an issue.") % {
            "number": f"{not_compared:,}"
        }
    if run.cursor["unlisted"]:
        text += " " + _("The platform's own list is incomplete: it left out %(number)s existing items.") % {
            "number": f"{run.cursor['unlisted']:,}"
        }
    return text


def _update_comparison_issue(job: Job, run: Run, summary: str, differs: bool, now: datetime) -> None:
    """Open one issue if the comparison found differences; resolve it if it found none."""
    seller_id = job.connection.seller_id
    if seller_id is None:
        return
    log, ref = synclog.log_for(job=job, seller_id=seller_id), f"comparison:{job.data_type}"
    if not differs:
        synclog.resolve_by_external_ids(log=log, external_ids=[ref], now=now)
        return
    draft = synclog.issue_draft(
        ref=ref,
        problems=[issues.DRIFT(summary=summary, run=run.pk)],
        title=f"{job.get_data_type_display()} differ at {job.connection}",
        **platform_names(job),
    )
    synclog.upsert_issues(log=log, job=job, drafts=[draft], now=now)
