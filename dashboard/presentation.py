"""What the engine's states mean to a person: a tone, a sign, and what to do.

A tone (`good`, `bad`, `warn`, `busy`, `quiet`) decides colour and icon together, so that colour never speaks alone.
"""

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from connectors.models import WebhookEvent
from dashboard.queries.overview import ConnectionCard, JobCard
from hub.kinds import Direction
from hub.models import Connection, Run, RunItem
from orders.models import Order
from synclog.models import Issue, ItemStatus


class Tone(Enum):
    """The value is the name of the icon."""

    GOOD = "check"
    BAD = "cross"
    WARN = "alert"
    BUSY = "spin"
    WAIT = "clock"
    ASK = "question"
    QUIET = "dot"

    @property
    def css(self) -> str:
        return self.name.lower()

    @property
    def symbol(self) -> str:
        """One character, where an icon is too large."""
        return {"GOOD": "✓", "BAD": "×", "WARN": "!", "BUSY": "…", "WAIT": "…", "ASK": "?", "QUIET": "–"}[self.name]


RUN_TONES = {
    Run.State.QUEUED: Tone.WAIT,
    Run.State.PREPARING: Tone.BUSY,
    Run.State.PREPARED: Tone.BUSY,
    Run.State.SENDING: Tone.BUSY,
    Run.State.NEEDS_APPROVAL: Tone.ASK,
    Run.State.DONE: Tone.GOOD,
    Run.State.DONE_WITH_ERRORS: Tone.WARN,
    Run.State.FAILED: Tone.BAD,
    Run.State.CANCELLED: Tone.QUIET,
}
ITEM_TONES = {
    ItemStatus.State.SYNCED: Tone.GOOD,
    ItemStatus.State.SKIPPED: Tone.WARN,
    ItemStatus.State.FAILED: Tone.WAIT,
    ItemStatus.State.HELD: Tone.BAD,
    ItemStatus.State.REMOVED: Tone.QUIET,
    ItemStatus.State.PENDING: Tone.ASK,
}
VERDICT_TONES = {
    RunItem.Verdict.CREATE: Tone.GOOD,
    RunItem.Verdict.UPDATE: Tone.WAIT,
    RunItem.Verdict.DISABLE: Tone.WARN,
    RunItem.Verdict.REMOVE: Tone.WARN,
    RunItem.Verdict.SKIP: Tone.WARN,
    RunItem.Verdict.FAIL: Tone.BAD,
    RunItem.Verdict.MISSING: Tone.BAD,
    RunItem.Verdict.DIFFERENT: Tone.WARN,
    RunItem.Verdict.GONE: Tone.WARN,
    RunItem.Verdict.UNKNOWN: Tone.QUIET,
}
EVENT_TONES = {
    WebhookEvent.State.PENDING: Tone.WAIT,
    WebhookEvent.State.DONE: Tone.GOOD,
    WebhookEvent.State.IGNORED: Tone.QUIET,
    WebhookEvent.State.HELD: Tone.BAD,
}
SEVERITY_TONES = {Issue.Severity.ERROR: Tone.BAD, Issue.Severity.WARNING: Tone.WARN}
TRIGGER_LABELS = {
    Run.Trigger.INSTALL: "on installation",
    Run.Trigger.BUTTON: "by button",
    Run.Trigger.SCHEDULE: "by schedule",
    Run.Trigger.API: "over the API",
    Run.Trigger.EVENT: "by an event",
    Run.Trigger.IMPORT: "after an import",
}
# Of products, variants, customers and orders, whose words do not overlap with different meanings.
STATUS_TONES = {
    "live": Tone.GOOD,
    "active": Tone.GOOD,
    "suspended": Tone.WARN,
    "disabled": Tone.WARN,
    "discontinued": Tone.QUIET,
    "deleted": Tone.BAD,
    Order.Status.PENDING: Tone.QUIET,
    Order.Status.CONFIRMED: Tone.WAIT,
    Order.Status.PARTLY_SHIPPED: Tone.WAIT,
    Order.Status.SHIPPED: Tone.GOOD,
    Order.Status.DELIVERED: Tone.GOOD,
    Order.Status.CANCELLED: Tone.QUIET,
    Order.Status.RETURNED: Tone.WARN,
    Order.Status.REFUNDED: Tone.WARN,
}


@dataclass(frozen=True)
class Notice:
    """Something that a person should know about a connection or a job: what is so, and what to do."""

    tone: Tone
    text: str
    fix: str = ""


def connection_notices(card: ConnectionCard) -> list[Notice]:
    """Why a connection does not work as usual, the gravest first."""
    connection, notices = card.connection, []
    if connection.state == Connection.State.UNINSTALLED:
        notices.append(
            Notice(Tone.QUIET, "Uninstalled.", "Nothing is synced. Install it again at the platform to go on.")
        )
    if connection.state == Connection.State.NEEDS_ATTENTION:
        notices.append(
            Notice(
                Tone.BAD,
                connection.state_reason or "This connection does not work.",
                "Ask your operator to correct the connection and to test it; what waits is then sent by itself.",
            )
        )
    if connection.state == Connection.State.NEW:
        notices.append(Notice(Tone.WARN, "Never verified.", "Ask your operator to test the connection once."))
    if connection.paused_at:
        notices.append(
            Notice(
                Tone.WARN,
                f"Paused: {connection.pause_reason}" if connection.pause_reason else "Paused.",
                "Changes collect meanwhile and go out when an operator resumes it.",
            )
        )
    if card.platform_pause_reason:
        notices.append(
            Notice(
                Tone.WARN,
                f"All syncs with {card.platform} are stopped: {card.platform_pause_reason}",
                "Nothing to do for you: changes collect and go out afterwards.",
            )
        )
    if connection.read_only:
        notices.append(
            Notice(
                Tone.WARN,
                "Dry: everything is decided, nothing is written there.",
                "An operator can end this.",
            )
        )
    if card.at_least_once:
        notices.append(
            Notice(
                Tone.QUIET,
                "After an outage an item may arrive twice.",
                f"{card.platform} offers no way to look first; remove the double there.",
            )
        )
    return notices


def job_notice(card: JobCard) -> Notice | None:
    """Why a job does not run, or what holds part of it up."""
    if card.state is not None and card.state.attention:
        return Notice(Tone.BAD, card.state.attention, "Mend this, then press Resume.")
    if not card.job.enabled:
        return Notice(Tone.QUIET, "Switched off.", "An operator can switch it on.")
    if card.job.paused:
        return Notice(Tone.WARN, "Paused.", "Changes collect meanwhile. Press Resume to go on.")
    if card.backing_off:
        return Notice(
            Tone.WARN,
            "The other side keeps failing, so we let it rest for a while.",
            "Nothing to do: it is tried again by itself.",
        )
    return None


@dataclass(frozen=True)
class Stage:
    """A step in the life of a run. `now` marks the one that the run is at, or ended with."""

    label: str
    tone: Tone
    current: bool = False


# An import is done with once it has read; only an export has something prepared to send.
_STEPS = {
    Direction.IMPORT: {Run.State.QUEUED: "waiting for a worker", Run.State.PREPARING: "reading"},
    Direction.EXPORT: {
        Run.State.QUEUED: "waiting for a worker",
        Run.State.PREPARING: "comparing",
        Run.State.PREPARED: "prepared, nothing sent yet",
        Run.State.SENDING: "sending",
    },
}


_CHECK_STEPS = {
    Run.Scope.PREVIEW: {Run.State.QUEUED: "waiting for a worker", Run.State.PREPARING: "looking ahead"},
    Run.Scope.COMPARISON: {
        Run.State.QUEUED: "waiting for a worker",
        Run.State.PREPARING: "comparing with what is there",
    },
}
_COMPARISON_RESULTS = {Run.State.DONE: "holds what it should", Run.State.DONE_WITH_ERRORS: "differences found"}


def _steps(run: Run) -> dict[Run.State, str]:
    return _CHECK_STEPS.get(Run.Scope(run.scope)) or _STEPS[Direction(run.job.direction)]


def state_label(run: Run) -> str:
    """The state of a run in the words that fit what it does (B11)."""
    state = Run.State(run.state)
    ended = _COMPARISON_RESULTS if run.scope == Run.Scope.COMPARISON else {}
    return _steps(run).get(state) or ended.get(state, state.label)


def run_title(run: Run) -> str:
    """A run in a few words, as its page is headed."""
    connection = run.job.connection
    if run.scope == Run.Scope.PREVIEW:
        return f"preview of what would be sent to {connection}"
    if run.scope == Run.Scope.COMPARISON:
        return f"comparison with what {connection} holds"
    where = (
        f"import, read from {connection}" if run.job.direction == Direction.IMPORT else f"export, sent to {connection}"
    )
    return f"{where} · {run.get_scope_display().lower()}"


def stages(run: Run) -> list[Stage]:
    """The steps of a run (B11): those behind it, the one it is at or ended with, those ahead."""
    steps = _steps(run)
    state, order = Run.State(run.state), list(steps)
    if run.trigger == Run.Trigger.EVENT:
        order = order[-1:]  # what events bring waits for nobody and is not prepared
    if run.is_open:
        # A run asks while it prepares.
        place = order.index(Run.State.PREPARING if state is Run.State.NEEDS_APPROVAL else state)
        behind, ahead = order[:place], [*(steps[step] for step in order[place + 1 :]), "ended"]
    else:
        completed = state in (Run.State.DONE, Run.State.DONE_WITH_ERRORS) or run.remaining is not None
        behind, ahead = order if completed else order[:2] if run.started_at else order[:1], []
    return [
        *(Stage(steps[step], Tone.GOOD) for step in behind),
        Stage(state_label(run), RUN_TONES[state], current=True),
        *(Stage(label, Tone.QUIET) for label in ahead),
    ]


@dataclass(frozen=True)
class Progress:
    done: int
    total: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total

    @property
    def remaining(self) -> int:
        return self.total - self.done


def progress(run: Run) -> Progress | None:
    """How far a run is; None while its size is unknown.

    An export counts down what has no outcome yet; an import knows what it has read of what the source says it has.
    """
    if not run.total:
        return None
    read: Counter[str] = Counter()
    for counter in run.counters.all():  # those of a kind add up over its storefronts
        read[counter.kind.partition("@")[0]] += counter.read
    done = max(read.values(), default=0) if run.remaining is None else run.total - run.remaining
    return Progress(max(0, min(done, run.total)), run.total)
