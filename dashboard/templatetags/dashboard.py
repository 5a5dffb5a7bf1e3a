"""Template tags and filters for times, states, amounts and links."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma, naturaltime
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Seller
from accounts.sessions import browser_name
from common.currencies import format_amount, format_quantity
from common.web_links import safe_url
from connectors.models import AssumptionResult, WebhookEvent
from dashboard import presentation, summary
from dashboard.chart import day_chart
from dashboard.keyset import Page
from dashboard.navigation import Navigation
from dashboard.navigation import navigation as navigation_of
from dashboard.queries.activity import Day
from dashboard.queries.counting import Total
from dashboard.queries.overview import Overview, open_issue_count
from dashboard.queries.platforms import platform_name
from dashboard.queries.search import Hit
from hub.durations import format_duration
from hub.field_registry import change_label
from hub.kinds import Direction, Kind, kind_label
from hub.models import Run, RunItem
from synclog.inbox import Cause
from synclog.models import Issue, ItemEvent, ItemStatus

_RELATIVE_TIME_LIMIT = timedelta(days=30)
_NEVER = gettext_lazy("Never")

register = template.Library()
register.filter("capped_count", presentation.capped_count)
register.filter("duration", format_duration)
register.filter("safe_url", safe_url)
register.filter("kind_label", kind_label)
register.filter("platform_name", platform_name)
register.filter("connection_notices", presentation.connection_notices)
register.filter("job_notice", presentation.job_notice)
register.filter("run_notice", presentation.run_notice)
register.filter("job_health", summary.job_health)
register.filter("connection_health", summary.connection_health)
register.filter("items_text", summary.items_text)
register.filter("day_chart", day_chart)
register.filter("stages", presentation.stages)
register.filter("state_label", presentation.state_label)
register.filter("run_title", presentation.run_title)
register.filter("more_variant_fields", presentation.more_variant_fields)


@register.filter
def field_label(key: str, event: ItemEvent) -> str:
    """The label for a key of an event's changes. An export's are the names of the platform's fields."""
    return change_label(event.kind, key) if event.direction == Direction.IMPORT else key


@register.simple_tag
def check_field_label(key: str, item: RunItem, run: Run) -> str:
    """The label for a key of the changes that a preview found. An export's are the names of the platform's fields."""
    return change_label(item.kind, key) if run.job.direction == Direction.IMPORT else key


@register.simple_tag
def changed_value(value: Any, key: str, event: ItemEvent) -> str:
    """A field value before or after a change. A choice, such as a status, is shown by its label."""
    label = presentation.choice_label(event.kind, key, value) if event.direction == Direction.IMPORT else None
    return as_value(value) if label is None else label


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative icon from static/icons.svg; the text beside it must say the same."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons.svg"), name)


@register.simple_tag
def badge(label: str | Promise, tone: presentation.Tone) -> SafeString:
    return format_html('<span class="badge badge-{}">{}{}</span>', tone.css, icon(tone.value), capfirst(str(label)))


@register.simple_tag
def run_badge(run: Run) -> SafeString:
    return badge(presentation.state_label(run), presentation.RUN_TONES[Run.State(run.state)])


@register.simple_tag
def event_badge(event: WebhookEvent) -> SafeString:
    return badge(event.get_state_display(), presentation.EVENT_TONES[WebhookEvent.State(event.state)])


@register.simple_tag
def item_badge(state: str, label: str) -> SafeString:
    return badge(label, presentation.ITEM_TONES[ItemStatus.State(state)])


@register.simple_tag
def assumption_badge(result: AssumptionResult) -> SafeString:
    state = AssumptionResult.State(result.state)
    return badge(state.label, presentation.ASSUMPTION_TONES[state])


@register.simple_tag
def verdict_badge(verdict: str) -> SafeString:
    """The result of a preview or a comparison for an item."""
    chosen = RunItem.Verdict(verdict)
    return badge(chosen.label, presentation.VERDICT_TONES[chosen])


@register.simple_tag
def status_badge(row: Any) -> SafeString:
    """The status of a product, variant, customer, order or order line."""
    return badge(row.get_status_display(), presentation.STATUS_TONES.get(row.status, presentation.Tone.QUIET))


@register.simple_tag
def day_tone(day: Day) -> presentation.Tone:
    """Red if a run failed, yellow if one left items out; gray without changes."""
    if day.failed_runs:
        return presentation.Tone.BAD
    if day.incomplete_runs:
        return presentation.Tone.WARN
    return presentation.Tone.GOOD if day.changed else presentation.Tone.QUIET


@register.simple_tag
def trend(cause: Cause) -> SafeString:
    """Bars of a cause's new items on each of the last days; a text says the numbers."""
    most = max(*cause.new_by_day, 1)
    bars = "".join(f"M{8 * n + 3} 16v-{1 + round(14 * new / most)}" for n, new in enumerate(cause.new_by_day))
    numbers = ", ".join(str(new) for new in cause.new_by_day)
    label = _("New a day, last 7 days: %(numbers)s") % {"numbers": numbers}
    return format_html(
        '<svg class="trend" role="img" aria-label="{}" viewBox="0 0 {} 16"><title>{}</title><path d="{}"/></svg>',
        *(label, 8 * len(cause.new_by_day), label, bars),
    )


@register.simple_tag
def failed_badge(label: str) -> SafeString:
    return badge(label, presentation.Tone.BAD)


@register.simple_tag
def run_tone(run: Run) -> presentation.Tone:
    return presentation.RUN_TONES[Run.State(run.state)]


@register.simple_tag
def run_legend() -> list[dict[str, Any]]:
    """What the symbols in the chart of runs mean."""
    states = (
        *(Run.State.DONE, Run.State.DONE_WITH_ERRORS, Run.State.FAILED, Run.State.CANCELLED),
        *(Run.State.SENDING, Run.State.NEEDS_APPROVAL),
    )
    return [{"tone": presentation.RUN_TONES[state], "label": capfirst(str(state.label))} for state in states]


@register.filter
def issue_title(issue: Issue) -> str:
    """The name of the issue's item; `Order 1001` for an order, whose name is its number."""
    if issue.title and issue.kind == Kind.ORDER:
        return _("Order %(number)s") % {"number": issue.title}
    return issue.title or issue.external_id


@register.simple_tag
def severity_badge(issue: Issue) -> SafeString:
    return badge(issue.get_severity_display(), presentation.SEVERITY_TONES[Issue.Severity(issue.severity)])


register.filter("browser_name", browser_name)


@register.simple_tag
def relative_time(at: datetime | None, absent: str | Promise = _NEVER) -> SafeString:
    """A time relative to now, or its date if it is more than 30 days away; exact on hover, in the seller's zone.

    `absent` is the text for a missing time.
    """
    if at is None:
        return format_html('<span class="quiet">{}</span>', absent)
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "DATETIME_WITH_SECONDS_FORMAT"),
        local.tzname(),
        _relative(at),
    )


def _relative(at: datetime) -> str:
    now = timezone.now()
    if abs(at - now) > _RELATIVE_TIME_LIMIT:
        return date_format(timezone.localtime(at), "DATE_FORMAT")
    if at - now >= timedelta(minutes=1):
        return _("in %(time)s") % {"time": timeuntil(at, now, depth=1)}
    if at > now:
        return _("in less than a minute")
    return str(naturaltime(at))


def full_datetime(at: datetime | None) -> str:
    """Date, time and zone, in the seller's time zone."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_WITH_SECONDS_FORMAT')} {local.tzname()}"


@register.filter
def run_duration(run: Run) -> str:
    """The duration of a finished run, or the time elapsed so far."""
    if run.started_at is None:
        return "–"
    return format_duration((run.finished_at or timezone.now()) - run.started_at)


@register.filter
def zone_label(name: str) -> str:
    """`Etc/UTC` → `UTC`; other names, as `Europe/Copenhagen`, are unchanged."""
    return name.removeprefix("Etc/")


@register.simple_tag
def clock(at: datetime) -> SafeString:
    """The time of day of a log line."""
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        full_datetime(at),
        date_format(local, "TIME_WITH_SECONDS_FORMAT"),
    )


@register.simple_tag
def totals(run: Run) -> dict[str, int]:
    """The counters of a run, summed over all kinds, for its row in the sync history."""
    counters = list(run.counters.all())

    def total(*outcomes: str) -> int:
        return sum(getattr(counter, outcome) for counter in counters for outcome in outcomes)

    return {
        "read": total("read"),
        "changed": total("created", "updated", "disabled", "removed"),
        "failed": total("skipped", "failed"),
    }


@register.filter
def storefront(kind: str) -> str:
    """`category@2` → `2`."""
    return kind.partition("@")[2]


@register.simple_tag
def thumb(url: str | None, alt: str = "") -> SafeString:
    """A thumbnail of an external image, on top of a placeholder of the same size."""
    picture = ""
    if address := safe_url(url or ""):
        picture = format_html(
            '<img src="{}" alt="{}" width="40" height="40" loading="lazy" referrerpolicy="no-referrer">', address, alt
        )
    return format_html('<span class="thumb">{}{}</span>', icon("box"), picture)


@register.simple_tag(takes_context=True)
def open_issue_total(context: Any, seller: Seller) -> int:
    """For the menu; Home has counted them already."""
    if isinstance(found := context.get("overview"), Overview):
        return found.open_issues
    return open_issue_count(seller=seller)


@register.simple_tag(takes_context=True)
def navigation(context: Any) -> Navigation:
    return navigation_of(context["request"])


@register.inclusion_tag("dashboard/_pager.html", takes_context=True)
def pager(context: Any, page: Page[Any], name: str = "page") -> dict[str, Any]:
    """Links to the adjacent pages; the other parameters in the query string are kept."""

    def address(marker: str) -> str:
        query = context["request"].GET.copy()
        query[name] = marker
        return f"?{query.urlencode()}"

    return {"page": page, "newer": address(page.newer), "older": address(page.older)}


@register.filter
def total_text(total: Total) -> str:
    """`264` or `about 20,000`."""
    number = intcomma(total.number)
    return number if total.is_exact else _("about %(number)s") % {"number": number}


@register.filter
def trigger_label(run: Run) -> str:
    return str(presentation.TRIGGER_LABELS[Run.Trigger(run.trigger)])


@register.filter
def progress(run: Run) -> presentation.Progress | None:
    return presentation.progress(run)


@register.filter
def amount(value: Decimal | None, currency: str = "") -> str:
    """`12.50 EUR`, with the places of the currency, or with more if the value has them."""
    return "–" if value is None else f"{format_amount(value, currency)} {currency}".strip()


@register.filter
def quantity(value: Decimal | None) -> str:
    return "–" if value is None else format_quantity(value)


@register.filter
def hit_kind(hit: Hit) -> str:
    """What the search found: the kind of an item, a run or an issue."""
    return {"run": _("Run"), "rejected": _("Not imported"), "issue": _("Issue")}.get(hit.kind) or kind_label(hit.kind)


@register.filter
def inline_code(text: str) -> SafeString:
    """Text with what stands between backticks as code: names of fields and values of a platform."""
    parts = conditional_escape(text).split("`")
    marked = (f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
    return SafeString("".join(marked) if len(parts) % 2 else conditional_escape(text))


@register.filter
def as_json(value: Any) -> str:
    """Indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def as_value(value: Any) -> str:
    """A field value, before or after a change, as text."""
    if value is None or value == "":
        return _("(empty)")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
