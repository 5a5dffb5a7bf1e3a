"""How pages write times, states, amounts and addresses."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma, naturaltime
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Seller
from connectors.models import WebhookEvent
from dashboard import presentation
from dashboard.keyset import Page
from dashboard.queries import items
from dashboard.queries.counting import CAP
from dashboard.queries.overview import open_issue_count
from hub.models import Run, RunItem
from synclog.models import ItemStatus

register = template.Library()
register.filter("kind_label", items.kind_label)
register.filter("connection_notices", presentation.connection_notices)
register.filter("job_notice", presentation.job_notice)
register.filter("stages", presentation.stages)
register.filter("state_label", presentation.state_label)
register.filter("run_title", presentation.run_title)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative sign from static/icons.svg; words beside it must say the same."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons.svg"), name)


@register.simple_tag
def badge(label: str, tone: presentation.Tone) -> SafeString:
    return format_html(
        '<span class="badge badge-{}">{}{}</span>', tone.css, icon(tone.value), label[:1].upper() + label[1:]
    )


@register.simple_tag
def run_badge(run: Run) -> SafeString:
    return badge(presentation.state_label(run), presentation.RUN_TONES[Run.State(run.state)])


@register.simple_tag
def event_badge(event: WebhookEvent) -> SafeString:
    return badge(event.get_state_display().partition(":")[0], presentation.EVENT_TONES[WebhookEvent.State(event.state)])


@register.simple_tag
def item_badge(state: str, label: str) -> SafeString:
    return badge(label, presentation.ITEM_TONES[ItemStatus.State(state)])


@register.simple_tag
def verdict_badge(verdict: str) -> SafeString:
    """What a preview or a proof says of an item."""
    chosen = RunItem.Verdict(verdict)
    return badge(chosen.label, presentation.VERDICT_TONES[chosen])


@register.simple_tag
def status_badge(row: Any) -> SafeString:
    """Of a product, variant, customer or order."""
    return badge(row.get_status_display(), presentation.STATUS_TONES.get(row.status, presentation.Tone.QUIET))


@register.simple_tag
def failed_badge(label: str) -> SafeString:
    return badge(label, presentation.Tone.BAD)


@register.simple_tag
def run_tone(run: Run) -> presentation.Tone:
    return presentation.RUN_TONES[Run.State(run.state)]


@register.simple_tag
def severity_badge(issue: Any) -> SafeString:
    return badge(issue.get_severity_display(), presentation.SEVERITY_TONES[issue.severity])


@register.simple_tag
def relative_time(at: datetime | None, absent: str = "never") -> SafeString:
    """A time as people say it, with the exact one in the seller's zone on hover and for machines."""
    if at is None:
        return format_html('<span class="quiet">{}</span>', absent)
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "j M Y, H:i:s"),
        local.tzname(),
        _relative(at),
    )


def _relative(at: datetime) -> str:
    relative = str(naturaltime(at))
    ahead = relative.removesuffix(" from now")
    return relative if ahead == relative else f"in {ahead}"


@register.filter
def full_datetime(at: datetime | None) -> str:
    """A time in full, in the seller's zone."""
    return date_format(timezone.localtime(at), "j M Y, H:i:s T") if at else ""


@register.filter
def run_duration(run: Run) -> str:
    """How long a run took, or has taken so far."""
    if run.started_at is None:
        return "–"
    return duration((run.finished_at or timezone.now()) - run.started_at)


@register.filter
def duration(length: timedelta) -> str:
    """`under a second`, `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if length < timedelta(seconds=1):
        return "under a second"
    seconds = round(length.total_seconds())
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.filter
def zone_label(name: str) -> str:
    """`Etc/UTC` → `UTC`; an area and its city stay as they are."""
    return name.removeprefix("Etc/")


@register.simple_tag
def clock(at: datetime) -> SafeString:
    """The time of day of a log line."""
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        full_datetime(at),
        date_format(local, "H:i:s"),
    )


@register.simple_tag
def totals(run: Run) -> dict[str, int]:
    """The counters of a run over all kinds, for its line in the register."""
    counters = list(run.counters.all())

    def over(*outcomes: str) -> int:
        return sum(getattr(counter, outcome) for counter in counters for outcome in outcomes)

    return {
        "read": over("read"),
        "changed": over("created", "updated", "disabled", "removed"),
        "failed": over("skipped", "failed"),
    }


@register.filter
def storefront(kind: str) -> str:
    """`category@2` → `2`."""
    return kind.partition("@")[2]


@register.simple_tag
def thumb(url: str | None, alt: str = "") -> SafeString:
    """A small picture from outside, which covers a blank of the same size."""
    picture = ""
    if address := safe_url(url or ""):
        picture = format_html(
            '<img src="{}" alt="{}" width="40" height="40" loading="lazy" referrerpolicy="no-referrer">', address, alt
        )
    return format_html('<span class="thumb">{}{}</span>', icon("box"), picture)


@register.simple_tag
def open_issue_total(seller: Seller) -> int:
    return open_issue_count(seller=seller)


@register.inclusion_tag("dashboard/_nav_item.html", takes_context=True)
def nav_item(context: Any, name: str, label: str, icon_name: str, number: int = 0) -> dict[str, Any]:
    """A line of the navigation; current also on the pages below it."""
    request = context["request"]
    url = reverse(f"dashboard:{name}", args=[request.seller.slug])
    below = name != "overview" and request.path.startswith(url)
    return {
        "url": url,
        "label": label,
        "icon_name": icon_name,
        "number": number,
        "current": below or request.path == url,
    }


@register.inclusion_tag("dashboard/_pager.html", takes_context=True)
def pager(context: Any, page: Page[Any], name: str = "page") -> dict[str, Any]:
    """Links to the neighbouring pages; everything else in the address stays."""

    def address(marker: str) -> str:
        query = context["request"].GET.copy()
        query[name] = marker
        return f"?{query.urlencode()}"

    return {"page": page, "newer": address(page.newer), "older": address(page.older)}


@register.filter
def capped_count(number: int) -> str:
    """A count that stopped at the cap: `1,000+`."""
    return f"{intcomma(CAP)}+" if number > CAP else intcomma(number)


@register.filter
def trigger_label(run: Run) -> str:
    return presentation.TRIGGER_LABELS[Run.Trigger(run.trigger)]


@register.filter
def progress(run: Run) -> presentation.Progress | None:
    return presentation.progress(run)


@register.filter
def amount(value: Decimal | None, currency: str = "") -> str:
    """`12.50 EUR`: at least two places, more only where they say something."""
    if value is None:
        return "–"
    plain = value.normalize()
    places = max(2, -int(plain.as_tuple().exponent))
    return f"{number_format(plain, decimal_pos=places, force_grouping=True)} {currency}".strip()


@register.filter
def quantity(value: Decimal | None) -> str:
    """`3`, `2.5`: no zeros that say nothing."""
    return "–" if value is None else f"{value.normalize():,f}"


@register.filter
def safe_url(value: str) -> str:
    """The address if it is one to click on, else nothing: links come from outside, and may say `javascript:`."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.netloc else ""


@register.filter
def as_json(value: Any) -> str:
    """Indented JSON, as it was received or sent."""
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def as_value(value: Any) -> str:
    """One side of a before and after."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
