"""What operators must hear about backups and copies (N12): failures, questions, and what did not happen."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.timesince import timesince

from hub.alerts import Finding
from hub.models import Alert
from hub.schedules import time_between_runs
from staging_copy.models import Backup, Copy, CopySchedule

# A copy may take hours, and a night's backup may be late.
_GRACE_PERIOD = timedelta(hours=6)


def find(*, now: datetime) -> list[Finding]:
    """Everything that is wrong now with backups and copies; they concern the whole installation."""
    return [*_backups(now), *_copies(now), *_overdue(now)]


def _backups(now: datetime) -> Iterator[Finding]:
    last = Backup.objects.exclude(state__in=(Backup.State.RUNNING, Backup.State.DELETED)).first()
    if last is None:
        return
    if last.state != Backup.State.GOOD:
        yield _finding(Alert.Kind.FAILING, "backup", f"The last backup of live is {last.state}: {last.problem}")
    good = Backup.objects.filter(state=Backup.State.GOOD, origin=Backup.Origin.NIGHTLY).first()
    if good is not None and now - good.taken_at > timedelta(days=1) + _GRACE_PERIOD:
        yield _finding(Alert.Kind.OVERDUE, "backup", f"No nightly backup of live for {timesince(good.taken_at, now)}.")


def _copies(now: datetime) -> Iterator[Finding]:
    last = Copy.objects.exclude(state__in=(Copy.State.PLANNED, Copy.State.CANCELLED, Copy.State.ROLLED_BACK)).first()
    if last is None:
        return
    if last.state == Copy.State.FAILED:
        yield _finding(Alert.Kind.FAILING, "copy", f"Live-to-staging {last} failed: {last.problem}")
    elif last.state in (Copy.State.RUNNING, Copy.State.CHECKING):
        since = last.started_at or last.created_at
        if now - since > _GRACE_PERIOD:
            yield _finding(
                Alert.Kind.ATTENTION,
                "copy",
                f"Live-to-staging {last} has been under way for {timesince(since, now)}, at the stage {last.stage!r}."
                " If the copier's log shows that it hangs, restart it: staging stays as it was.",
            )
    elif last.state == Copy.State.ASKING:
        yield _finding(Alert.Kind.ATTENTION, "copy", f"Live-to-staging {last} waits for your answer.")
    elif last.state == Copy.State.UNCHECKED:
        yield _finding(Alert.Kind.ATTENTION, "copy", f"Live-to-staging {last} could not be checked: {last.problem}")


def _overdue(now: datetime) -> Iterator[Finding]:
    for schedule in CopySchedule.objects.filter(paused=False):
        last = schedule.copies.filter(state__in=(*Copy.IN_PLACE, Copy.State.ROLLED_BACK)).first()
        since = last.not_before if last else schedule.created_at
        if now - since > time_between_runs(schedule.crontab, after=since, time_zone=schedule.time_zone) + _GRACE_PERIOD:
            yield _finding(
                Alert.Kind.OVERDUE, f"schedule:{schedule.pk}", f"{schedule}: no copy for {timesince(since, now)}."
            )


def _finding(kind: Alert.Kind, about: str, message: str) -> Finding:
    return Finding(kind, f"{kind}:staging_copy:{about}", None, None, message)
