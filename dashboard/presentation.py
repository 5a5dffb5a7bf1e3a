"""How the pages present the states of runs, items and webhooks: a tone, a label and what to do next.

A tone decides color and icon together, so that no page relies on color alone.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Product, Status, Variant
from catalog.records import VariantRecord
from connectors.models import AssumptionResult, WebhookEvent
from dashboard.queries.counting import CAP
from dashboard.queries.overview import ConnectionCard, JobCard
from hub.field_registry import changed_field, stored_fields
from hub.kinds import Direction, Kind
from hub.models import Connection, Run, RunItem
from orders.models import Customer, Order, OrderLine
from synclog.models import Issue, ItemStatus

# The type of what gettext_lazy returns, which is a str in all but name.
Label = str | Promise


class Tone(Enum):
    """The value is the name of the icon in static/icons.svg."""

    GOOD = "check"
    BAD = "cross"
    WARN = "alert"
    BUSY = "spin"
    WAIT = "clock"
    QUESTION = "question"
    QUIET = "dot"

    @property
    def css(self) -> str:
        """The suffix of its CSS classes, as in `badge-good`."""
        return self.name.lower()

    @property
    def symbol(self) -> str:
        """One character, where an icon is too large."""
        return _SYMBOLS[self]


_SYMBOLS = {
    Tone.GOOD: "✓",
    Tone.BAD: "×",
    Tone.WARN: "!",
    Tone.BUSY: "…",
    Tone.WAIT: "…",
    Tone.QUESTION: "?",
    Tone.QUIET: "–",
}
RUN_TONES = {
    Run.State.QUEUED: Tone.WAIT,
    Run.State.PREPARING: Tone.BUSY,
    Run.State.PREPARED: Tone.BUSY,
    Run.State.SENDING: Tone.BUSY,
    Run.State.NEEDS_APPROVAL: Tone.QUESTION,
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
    ItemStatus.State.PENDING: Tone.QUESTION,
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
ASSUMPTION_TONES = {
    AssumptionResult.State.CONFIRMED: Tone.GOOD,
    AssumptionResult.State.REFUTED: Tone.BAD,
    AssumptionResult.State.UNKNOWN: Tone.QUESTION,
}
SEVERITY_TONES = {Issue.Severity.ERROR: Tone.BAD, Issue.Severity.WARNING: Tone.WARN}
TRIGGER_LABELS = {
    Run.Trigger.INSTALL: gettext_lazy("Initial sync"),
    Run.Trigger.BUTTON: gettext_lazy("Manual"),
    Run.Trigger.SCHEDULE: gettext_lazy("Schedule"),
    Run.Trigger.API: gettext_lazy("API"),
    Run.Trigger.EVENT: gettext_lazy("Data change"),
    Run.Trigger.IMPORT: gettext_lazy("After an import"),
}
# One table for products, variants, customers and orders: the values that they share mean the same.
STATUS_TONES: dict[str, Tone] = {
    Status.LIVE: Tone.GOOD,
    Status.SUSPENDED: Tone.WARN,
    Status.DISCONTINUED: Tone.QUIET,
    Status.DELETED: Tone.BAD,
    Customer.Status.ACTIVE: Tone.GOOD,
    Customer.Status.DISABLED: Tone.WARN,
    Customer.Status.DELETED: Tone.BAD,
    Order.Status.PENDING: Tone.QUIET,
    Order.Status.CONFIRMED: Tone.WAIT,
    Order.Status.PARTLY_SHIPPED: Tone.WAIT,
    Order.Status.SHIPPED: Tone.GOOD,
    Order.Status.DELIVERED: Tone.GOOD,
    Order.Status.CANCELLED: Tone.QUIET,
    Order.Status.RETURNED: Tone.WARN,
    Order.Status.REFUNDED: Tone.WARN,
}

# Fields of a variant that have a column of their own on the product's page, and those that say nothing to merchants.
_VARIANT_COLUMNS = {"sku", "options", "status", "weight_in_grams", "rrp", "position", "cart_image_url"}


def more_variant_fields(variant: Variant) -> list[tuple[Label, str]]:
    """(label, value) of every other field of the registry that has a value."""
    found: list[tuple[Label, str]] = []
    for field in stored_fields(VariantRecord):
        value = field.get(variant)
        if field.name not in _VARIANT_COLUMNS and value not in (None, "", [], {}):
            pairs = [f"{name} {each}" for name, each in value.items()] if isinstance(value, dict) else [str(value)]
            if field.name == "parts":
                pairs = [f"{part['quantity']} × {part['sku']}" for part in value]
            found.append((field.label, ", ".join(pairs)))
    return found


_MODELS: dict[str, type[Model]] = {
    Kind.PRODUCT: Product,
    Kind.VARIANT: Variant,
    Kind.CUSTOMER: Customer,
    Kind.ORDER: Order,
    Kind.ORDER_LINE: OrderLine,
}


def choice_label(kind: str, key: str, value: Any) -> str | None:
    """The label of a value in the changes that an import recorded; None if it is not one of a field's choices."""
    changed = changed_field(kind, key)
    model = _MODELS.get(changed.kind) if changed else None
    if changed is None or model is None:
        return None
    column = next((field for field in model._meta.fields if field.name == changed.name), None)
    label = dict(column.flatchoices).get(value) if column and isinstance(value, str) else None
    return None if label is None else str(label)


@dataclass(frozen=True)
class Notice:
    """Something that a merchant should know about a connection or a job: the problem and the fix."""

    tone: Tone
    text: str
    fix: str = ""


def connection_notices(card: ConnectionCard) -> list[Notice]:
    """Why a connection does not sync as usual, the most serious reason first."""
    connection, notices = card.connection, []
    if connection.state == Connection.State.UNINSTALLED:
        fix = _("Nothing is synced. To sync again, reinstall the app in %(platform)s.") % {"platform": card.platform}
        notices.append(Notice(Tone.QUIET, _("Uninstalled."), fix))
    if connection.state == Connection.State.NEEDS_ATTENTION:
        notices.append(
            Notice(
                Tone.BAD,
                connection.state_reason or _("This connection isn’t working."),
                _("Contact support to fix and test the connection. Queued changes are then sent automatically."),
            )
        )
    if connection.state == Connection.State.NEW:
        notices.append(Notice(Tone.WARN, _("Connection not tested yet."), _("Contact support to test it.")))
    if connection.paused_at:
        reason = connection.pause_reason
        notices.append(
            Notice(
                Tone.WARN,
                _("Paused: %(reason)s") % {"reason": reason} if reason else _("Paused."),
                _("Changes are queued and will sync when support resumes the connection."),
            )
        )
    if card.platform_pause_reason:
        values = {"platform": card.platform, "reason": card.platform_pause_reason}
        notices.append(
            Notice(
                Tone.WARN,
                _("All %(platform)s syncs are paused: %(reason)s") % values,
                _("No action needed. Changes are queued and will sync when syncing resumes."),
            )
        )
    if connection.read_only:
        notices.append(
            Notice(
                Tone.WARN,
                _("Dry run: changes are computed, nothing is sent."),
                _("Contact support to turn it off."),
            )
        )
    if card.at_least_once:
        notices.append(
            Notice(
                Tone.QUIET,
                _("After an outage, duplicates are possible."),
                _("If you find one, delete the duplicate in %(platform)s.") % {"platform": card.platform},
            )
        )
    return notices


def job_notice(card: JobCard) -> Notice | None:
    """Why a job does not run, or what delays part of it."""
    if card.state is not None and card.state.attention:
        return Notice(Tone.BAD, card.state.attention, _("Fix this, then select Resume."))
    if not card.job.enabled:
        return Notice(Tone.QUIET, _("Disabled."), _("Contact support to enable it."))
    if card.job.paused:
        return Notice(Tone.WARN, _("Paused."), _("Changes are queued and will sync when you resume."))
    if card.retry_at:
        values = {"platform": card.platform, "time": clock_time(card.retry_at)}
        return Notice(
            Tone.WARN,
            _("Requests to %(platform)s keep failing.") % values,
            _("Retrying automatically at %(time)s.") % values,
        )
    return None


def run_notice(run: Run) -> Notice | None:
    """Why a run that has not finished does not go on: what is paused, and who can resume it."""
    job, connection = run.job, run.job.connection
    if not run.is_open:
        return None
    if connection.paused_at:
        return Notice(
            Tone.WARN,
            _("%(connection)s is paused.") % {"connection": connection},
            _("Contact support to resume it. The run then continues."),
        )
    if job.paused:
        return Notice(Tone.WARN, _("This sync is paused."), _("The run continues when you resume it."))
    if not job.enabled:
        return Notice(Tone.QUIET, _("This sync is disabled."), _("Contact support to enable it, or cancel the run."))
    return None


def capped_count(number: int) -> str:
    """A count, or `1,000+` if it stopped at the cap."""
    return f"{intcomma(CAP)}+" if number > CAP else str(intcomma(number))


def clock_time(at: datetime | None) -> str:
    """`14:05 CET` (None: now), in the person's format and time zone."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'TIME_FORMAT')} {local.tzname()}"


@dataclass(frozen=True)
class Stage:
    """A step in the life of a run. `current` marks the step that the run is at, or ended with."""

    label: Label
    tone: Tone
    current: bool = False


_QUEUED = gettext_lazy("Queued")
# An import is complete once everything is read; only an export prepares something to send.
_STEPS: dict[Direction, dict[Run.State, Label]] = {
    Direction.IMPORT: {Run.State.QUEUED: _QUEUED, Run.State.PREPARING: gettext_lazy("Reading")},
    Direction.EXPORT: {
        Run.State.QUEUED: _QUEUED,
        Run.State.PREPARING: gettext_lazy("Checking for changes"),
        Run.State.PREPARED: gettext_lazy("Ready to send"),
        Run.State.SENDING: gettext_lazy("Sending"),
    },
}
_CHECK_STEPS: dict[Run.Scope, dict[Run.State, Label]] = {
    Run.Scope.PREVIEW: {Run.State.QUEUED: _QUEUED, Run.State.PREPARING: gettext_lazy("Running preview")},
    Run.Scope.COMPARISON: {Run.State.QUEUED: _QUEUED, Run.State.PREPARING: gettext_lazy("Comparing")},
}
_COMPARISON_RESULTS: dict[Run.State, Label] = {
    Run.State.DONE: gettext_lazy("No differences"),
    Run.State.DONE_WITH_ERRORS: gettext_lazy("Differences found"),
}


def _steps(run: Run) -> dict[Run.State, Label]:
    return _CHECK_STEPS.get(Run.Scope(run.scope)) or _STEPS[Direction(run.job.direction)]


def state_label(run: Run) -> str:
    """The status of a run, in the words of what it does (B11)."""
    state = Run.State(run.state)
    results = _COMPARISON_RESULTS if run.scope == Run.Scope.COMPARISON else {}
    label = _steps(run).get(state) or results.get(state) or state.label
    return capfirst(str(label))


def run_title(run: Run) -> str:
    """What a run does, for the heading of its page."""
    values = {"connection": run.job.connection, "scope": capfirst(run.get_scope_display())}
    if run.scope == Run.Scope.PREVIEW and run.job.direction == Direction.IMPORT:
        return _("Preview of the import from %(connection)s") % values
    if run.scope == Run.Scope.PREVIEW:
        return _("Preview of the export to %(connection)s") % values
    if run.scope == Run.Scope.COMPARISON:
        return _("Comparison with %(connection)s") % values
    if run.job.direction == Direction.IMPORT:
        return _("Import from %(connection)s · %(scope)s") % values
    return _("Export to %(connection)s · %(scope)s") % values


def stages(run: Run) -> list[Stage]:
    """The steps of a run (B11): the completed ones, the current or last one, and those to come."""
    steps = _steps(run)
    state, order = Run.State(run.state), list(steps)
    if run.trigger == Run.Trigger.EVENT:
        order = order[-1:]  # changes from events are sent without being queued or prepared as a run
    if run.is_open:
        # A run asks for approval while it prepares.
        position = order.index(Run.State.PREPARING if state is Run.State.NEEDS_APPROVAL else state)
        completed = order[:position]
        upcoming: list[Label] = [*(steps[step] for step in order[position + 1 :]), gettext_lazy("Finished")]
    else:
        reached_end = state in (Run.State.DONE, Run.State.DONE_WITH_ERRORS) or run.remaining is not None
        completed, upcoming = order if reached_end else order[:2] if run.started_at else order[:1], []
    return [
        *(Stage(steps[step], Tone.GOOD) for step in completed),
        Stage(state_label(run), RUN_TONES[state], current=True),
        *(Stage(label, Tone.QUIET) for label in upcoming),
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

    An export counts down the items without an outcome; an import counts what it has read of the source's total.
    """
    if not run.total:
        return None
    read: Counter[str] = Counter()
    for counter in run.counters.all():  # a kind has one counter for each of its storefronts
        read[counter.kind.partition("@")[0]] += counter.read
    done = max(read.values(), default=0) if run.remaining is None else run.total - run.remaining
    return Progress(max(0, min(done, run.total)), run.total)
