"""How well a seller's connections are in sync: a sentence for the seller, a state for each connection and each job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.presentation import RUN_TONES, Notice, Tone, capped_count, clock_time, state_label
from dashboard.queries.overview import ConnectionCard, JobCard, Overview
from hub.alerts import is_overdue
from hub.kinds import Kind
from hub.models import Alert, Connection, Run
from synclog.models import Issue, ItemStatus

# Changes usually leave the queue within seconds.
_LONG_WAIT = timedelta(minutes=30)
_BROKEN = (Alert.Kind.FAILING, Alert.Kind.UNREACHABLE)


@dataclass(frozen=True)
class Health:
    """A state with its tone. `is_stopped`: nothing is synced until somebody acts."""

    tone: Tone
    label: str
    detail: str = ""
    is_stopped: bool = False


@dataclass(frozen=True)
class Summary:
    """The sentence at the top of Home. `leads_to_inbox`: the causes below it say what to do."""

    tone: Tone
    text: str
    leads_to_inbox: bool = False


def items_text(kind: str, number: int) -> str:
    """`5 products`; `5 items` if they are of several kinds."""
    texts = {
        Kind.PRODUCT: ngettext("%(number)s product", "%(number)s products", number),
        Kind.VARIANT: ngettext("%(number)s variant", "%(number)s variants", number),
        Kind.CUSTOMER: ngettext("%(number)s customer", "%(number)s customers", number),
        Kind.ORDER: ngettext("%(number)s order", "%(number)s orders", number),
        Kind.CATEGORY: ngettext("%(number)s category", "%(number)s categories", number),
        Kind.BRAND: ngettext("%(number)s brand", "%(number)s brands", number),
    }
    known = Kind(kind) if kind in Kind.values else None
    text = texts.get(known) if known else None
    return (text or ngettext("%(number)s item", "%(number)s items", number)) % {"number": intcomma(number)}


def job_health(card: JobCard) -> Health:
    """The state of a job: of its run while it runs; else of its items, not only of its latest run."""
    if card.run is not None and card.running:
        return Health(RUN_TONES[Run.State(card.run.state)], state_label(card.run))
    if card.last_full_sync_failed:
        return Health(Tone.BAD, _("Last full sync failed"))
    if card.blocked:
        return Health(Tone.WARN, blocked_text(card.blocked))
    if card.run is None:
        return Health(Tone.QUIET, _("Not run yet"))
    return Health(RUN_TONES[Run.State(card.run.state)], state_label(card.run))


def blocked_text(number: int) -> str:
    return ngettext("%(number)s blocked", "%(number)s blocked", number) % {"number": capped_count(number)}


def connection_health(card: ConnectionCard, now: datetime | None = None) -> Health:
    """The state of a connection: the most serious of what is wrong with it or with one of its jobs."""
    connection, now = card.connection, now or timezone.now()
    active = [job_card for job_card in card.jobs if job_card.job.enabled]
    if connection.state == Connection.State.UNINSTALLED:
        return Health(Tone.QUIET, _("Uninstalled"))
    if connection.state == Connection.State.NEEDS_ATTENTION:
        return Health(Tone.BAD, _("Not working"), connection.state_reason, is_stopped=True)
    for job_card in active:
        if job_card.state is not None and job_card.state.attention:
            return Health(Tone.BAD, _("Stopped"), job_card.state.attention, is_stopped=True)
    if connection.paused_at or card.platform_pause_reason:
        reason = card.platform_pause_reason or connection.pause_reason
        return Health(Tone.WARN, _("Paused"), reason, is_stopped=True)
    if connection.state == Connection.State.NEW:
        return Health(Tone.WARN, _("Not tested yet"), is_stopped=True)
    alert = next((alert for each in active for alert in each.alerts if alert.kind in _BROKEN), None)
    failed = next((each for each in active if each.last_full_sync_failed), None)
    if alert is not None or failed is not None:
        detail = alert.message if alert else _("%(data)s: the last full sync failed.") % _data(failed)
        return Health(Tone.BAD, _("Failing"), detail)
    if card.blocked:
        return Health(Tone.WARN, blocked_text(card.blocked))
    late = next((each for each in active if is_overdue(job=each.job, now=now)), None)
    if late is not None:
        return Health(Tone.WARN, _("Late"), _("%(data)s: no successful sync in time.") % _data(late))
    if card.waiting_since and now - card.waiting_since > _LONG_WAIT:
        waiting = timesince(card.waiting_since, now, depth=1)
        return Health(Tone.WARN, _("Behind"), _("Changes have waited for %(time)s.") % {"time": waiting})
    if any(each.job.paused for each in active):
        return Health(Tone.WARN, _("Partly paused"))
    if not any(each.run for each in active):
        return Health(Tone.QUIET, _("Not run yet"))
    if card.running and card.last_full_sync_at is None:
        return Health(Tone.BUSY, _("First sync is running"))
    return Health(Tone.GOOD, _("Up to date"))


def _data(card: JobCard | None) -> dict[str, object]:
    return {"data": card.job.get_data_type_display() if card else ""}


def summary(overview: Overview, now: datetime | None = None) -> Summary | None:
    """What a merchant has to know first. None without connections."""
    if not overview.connections:
        return None
    states = [(card, connection_health(card, now)) for card in overview.connections]
    for card, health in states:
        if health.tone is Tone.BAD or health.is_stopped:
            values = {"connection": card.connection, "state": health.label.lower(), "reason": health.detail}
            sentence = _("%(connection)s: %(state)s. %(reason)s") if health.detail else _("%(connection)s: %(state)s.")
            return Summary(health.tone, sentence % values, leads_to_inbox=bool(overview.blocked))
    if overview.blocked:
        return Summary(Tone.BAD, _blocked_sentence(overview), leads_to_inbox=True)
    for card, health in states:
        if health.tone in (Tone.WARN, Tone.BUSY):
            values = {"connection": card.connection, "state": health.label.lower(), "reason": health.detail}
            return Summary(health.tone, (_("%(connection)s: %(state)s. %(reason)s") % values).strip())
    at = clock_time(now)
    if all(health.tone is Tone.QUIET for _card, health in states):
        return Summary(Tone.QUIET, _("Nothing has been synced yet."))
    return Summary(Tone.GOOD, _("All up to date, %(time)s.") % {"time": at}, leads_to_inbox=bool(overview.causes))


def _blocked_sentence(overview: Overview) -> str:
    """`5 products aren't reaching Aurora B2B: fix 2 causes.`"""
    number = sum(overview.blocked.values())
    items = get_text_list([items_text(kind, each) for kind, each in overview.blocked.items()], _("and"))
    cards = [card for card in overview.connections if card.blocked]
    blocking = sum(cause.blocking for cause in overview.causes)
    causes = ngettext("fix %(number)s cause", "fix %(number)s causes", blocking) % {"number": blocking}
    if cards and not any(card.is_source for card in cards):
        text = ngettext(
            "%(items)s isn’t reaching %(connections)s: %(causes)s.",
            "%(items)s aren’t reaching %(connections)s: %(causes)s.",
            number,
        )
    elif cards and not any(card.is_target for card in cards):
        text = _("%(items)s of %(connections)s can’t be imported: %(causes)s.")
    elif cards:
        text = ngettext(
            "%(items)s isn’t in sync at %(connections)s: %(causes)s.",
            "%(items)s aren’t in sync at %(connections)s: %(causes)s.",
            number,
        )
    else:
        text = ngettext("%(items)s isn’t in sync: %(causes)s.", "%(items)s aren’t in sync: %(causes)s.", number)
    return text % {"items": items, "causes": causes, "connections": _names(cards)}


def _names(cards: list[ConnectionCard]) -> str:
    names = [str(card.connection) for card in cards]
    if len(names) > 2:
        return _("%(number)s connections") % {"number": len(names)}
    return _(" and ").join(names)


def item_summary(statuses: Sequence[ItemStatus], issues: Sequence[Issue]) -> Notice:
    """Whether an item is in sync, and where it is not. `statuses` are those of the item and its children."""
    blocking = [issue for issue in issues if issue.severity == Issue.Severity.ERROR]
    if blocking:
        places = {str(issue.sync_log.connection or issue.sync_log.integration) for issue in blocking}
        text = _("Blocked at %(connections)s.") % {"connections": ", ".join(sorted(places))}
        return Notice(Tone.BAD, text, _("The problem and its fix are below."))
    waiting = [row for row in statuses if row.state not in (ItemStatus.State.SYNCED, ItemStatus.State.REMOVED)]
    if waiting:
        places = {str(row.job.connection) for row in waiting}
        return Notice(Tone.WARN, _("Not in sync at %(connections)s.") % {"connections": ", ".join(sorted(places))})
    if not statuses:
        return Notice(Tone.QUIET, _("Not synced yet."))
    if issues:
        places = {str(issue.sync_log.connection or issue.sync_log.integration) for issue in issues}
        text = _("Synced with a warning at %(connections)s.") % {"connections": ", ".join(sorted(places))}
        return Notice(Tone.WARN, text, _("What to check is below."))
    places = {str(row.job.connection) for row in statuses}
    return Notice(Tone.GOOD, _("In sync at %(connections)s.") % {"connections": ", ".join(sorted(places))})
