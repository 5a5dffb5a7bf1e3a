"""The log of a run (B8), written while the run is in progress. It stays short even for long runs.

Progress is logged when the number of items has doubled since the last line, and at least once a minute. Events that can
occur any number of times (items with issues, delays) are logged one by one at first, then whenever their number has
doubled. Log lines are not translated.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection

from hub.models import Run, RunCounter, RunLogLine

Level = RunLogLine.Level
Outcome = RunCounter.Outcome

# The number of events of each kind that are logged one by one.
LOGGED_IN_FULL = 10
_PROGRESS_INTERVAL = timedelta(minutes=1)
_MAX_LINE_LENGTH = 1000


class RepeatedEvent(StrEnum):
    """Events that can occur any number of times in a run. Names are stored; values follow a number in the log."""

    ITEM_ISSUES = "items with issues (see the Inbox for the full list)"
    WAIT = "delays"
    REJECTED = "rejected batches"
    LOST = "lost workers"


def write(*, run_id: int, text: str, now: datetime, level: str = Level.INFO) -> None:
    """Add a line."""
    write_lines(run_id=run_id, texts=[text], now=now, level=level)


def write_lines(*, run_id: int, texts: Sequence[str], now: datetime, level: str = Level.INFO) -> None:
    """Add lines in one statement. Lines are cut at 1000 characters."""
    RunLogLine.objects.bulk_create(
        [RunLogLine(run_id=run_id, text=text[:_MAX_LINE_LENGTH], at=now, level=level) for text in texts]
    )


def log_repeated(
    *, run_id: int, event: RepeatedEvent, texts: Sequence[str], now: datetime, level: str = Level.WARNING
) -> None:
    """Log occurrences of an event, one text each, limited as described above. Locks the run until commit."""
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
        lines.append(f"{number:,} {event} so far.")
    write_lines(run_id=run_id, texts=lines, now=now, level=level)


def passed_power_of_two(before: int, after: int) -> bool:
    """Whether a power of two lies between the numbers, so that a million events make only 20 lines."""
    return before.bit_length() != after.bit_length()


def log_progress(
    *, run_id: int, kind: str, before: int, counts: Mapping[Outcome, int], logged_at: datetime | None, now: datetime
) -> None:
    """Log the progress of a run if a line is due.

    `before`, and `counts` of what was read: number of items processed before and after this page or batch. `logged_at`:
    time of the last progress line.
    """
    if (
        not passed_power_of_two(before, counts[Outcome.READ])
        and logged_at is not None
        and now - logged_at < _PROGRESS_INTERVAL
    ):
        return
    RunCounter.objects.filter(run=run_id, kind=kind).update(logged_at=now)
    total, calls, scope = Run.objects.values_list("total", "api_calls", "scope").get(pk=run_id)
    if total == counts[Outcome.READ]:
        return  # the summary follows
    items = _number_of(counts[Outcome.READ], "item")
    if total and total > counts[Outcome.READ]:
        items = f"{counts[Outcome.READ]:,} of {_number_of(total, 'item')}"
    # A preview or a comparison counts what differs as created or updated, but creates and updates nothing.
    results = _format_counts(counts, calls) if scope in Run.SYNCS else _number_of(calls, "API call")
    write(run_id=run_id, now=now, text=f"Processed {items}: {results}.")


def write_summary(*, run: Run, now: datetime) -> None:
    """Log the final numbers: items by outcome, API calls and totals of events that were not all logged."""
    texts = []
    for counter in run.counters.order_by("kind"):
        counts = {name: getattr(counter, name) for name in Outcome}
        texts.append(f"Total: {_number_of(counts[Outcome.READ], 'item')}, {_format_counts(counts, run.api_calls)}.")
    texts += [
        f"Total: {number:,} {RepeatedEvent[name]}."
        for name, number in sorted(run.event_counts.items())
        if number > LOGGED_IN_FULL
    ]
    write_lines(run_id=run.pk, texts=texts, now=now)


def _format_counts(counts: Mapping[Outcome, int], calls: int) -> str:
    outcomes = ", ".join(f"{counts[name]:,} {name}" for name in Outcome if name is not Outcome.READ and counts[name])
    return f"{outcomes or 'no results yet'}; {_number_of(calls, 'API call')}"


def _number_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
