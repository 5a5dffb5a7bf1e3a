"""The log of a run (B8): it grows while the run goes on, and stays short however long that takes.

Progress is told whenever the number of items has doubled, and else once a minute. What a run may meet any number of
times (items set aside, waits) is told one by one at first, then at each doubling of its number.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection

from hub.models import Run, RunCounter, RunLogLine

Level = RunLogLine.Level

# So many of each matter are told one by one.
LOGGED_IN_FULL = 10
_PROGRESS_INTERVAL = timedelta(minutes=1)
_MAX_LINE_LENGTH = 1000


class RepeatedEvent(StrEnum):
    """What a run may meet any number of times, in words that follow a number."""

    ASIDE = "items set aside; the issues tell them all"
    WAIT = "waits"
    REFUSED = "batches refused"
    LOST = "workers lost"


def write(*, run_id: int, text: str, now: datetime, level: str = Level.INFO) -> None:
    """Add a line, whatever was told before."""
    write_lines(run_id=run_id, texts=[text], now=now, level=level)


def write_lines(*, run_id: int, texts: Sequence[str], now: datetime, level: str = Level.INFO) -> None:
    """Add lines in one statement."""
    RunLogLine.objects.bulk_create(
        [RunLogLine(run_id=run_id, text=text[:_MAX_LINE_LENGTH], at=now, level=level) for text in texts]
    )


def log_repeated(
    *, run_id: int, event: RepeatedEvent, texts: Sequence[str], now: datetime, level: str = Level.WARNING
) -> None:
    """Add what happened, a text for each time that it did; bounded as the module says. Locks the run until commit."""
    if not texts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_run
            SET met = jsonb_set(met, ARRAY[%(event)s], to_jsonb(COALESCE((met->>%(event)s)::bigint, 0) + %(more)s))
            WHERE id = %(run)s RETURNING (met->>%(event)s)::bigint
            """,
            {"event": event.name, "more": len(texts), "run": run_id},
        )
        row = cursor.fetchone()
    if row is None:
        return
    [number] = row
    before = number - len(texts)
    lines = list(texts[: max(0, LOGGED_IN_FULL - before)])
    if number > LOGGED_IN_FULL and (before <= LOGGED_IN_FULL or passed_power_of_two(before, number)):
        lines.append(f"{number:,} {event}, so far.")
    write_lines(run_id=run_id, texts=lines, now=now, level=level)


def passed_power_of_two(before: int, after: int) -> bool:
    """Whether the number has passed a power of two: so many lines are told of a million as there are binary digits."""
    return before.bit_length() != after.bit_length()


def log_progress(
    *, run_id: int, kind: str, before: int, counts: Mapping[str, int], logged_at: datetime | None, now: datetime
) -> None:
    """Say how far the run is, if it is time to. `before` and `counts["read"]`: items looked at until now and with this
    page or batch; `logged_at`: when that was last said."""
    if (
        not passed_power_of_two(before, counts["read"])
        and logged_at is not None
        and now - logged_at < _PROGRESS_INTERVAL
    ):
        return
    RunCounter.objects.filter(run=run_id, kind=kind).update(logged_at=now)
    total, calls = Run.objects.values_list("total", "api_calls").get(pk=run_id)
    if total == counts["read"]:
        return  # that is all, and summed up in a moment
    of_all = f" of {total:,}" if total and total > counts["read"] else ""
    write(run_id=run_id, now=now, text=f"{counts['read']:,}{of_all} looked at so far: {_format_counts(counts, calls)}.")


def write_summary(*, run: Run, now: datetime) -> None:
    """The last figures, once nothing more is counted: items by outcome, calls, and what was told in part only."""
    texts = []
    for counter in run.counters.order_by("kind"):
        counts = {name: getattr(counter, name) for name in RunCounter.OUTCOMES}
        texts.append(f"In all {counts['read']:,} looked at: {_format_counts(counts, run.api_calls)}.")
    texts += [
        f"In all {number:,} {RepeatedEvent[name]}."
        for name, number in sorted(run.event_counts.items())
        if number > LOGGED_IN_FULL
    ]
    write_lines(run_id=run.pk, texts=texts, now=now)


def _format_counts(counts: Mapping[str, int], calls: int) -> str:
    outcomes = ", ".join(f"{counts[name]:,} {name}" for name in RunCounter.OUTCOMES[1:] if counts[name])
    return f"{outcomes or 'no outcome yet'}; {calls:,} {'call' if calls == 1 else 'calls'} to the platform"
