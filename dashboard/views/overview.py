"""The overview page: the status of every sync, and the actions Sync, Pause, Resume and Retry all."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.services.runs import sync as start_sync
from dashboard.access import SellerRequest, seller_action, seller_page
from dashboard.presentation import state_label
from dashboard.queries.overview import Overview, overview
from dashboard.queries.sync_menu import sync_choices
from dashboard.summary import summary
from dashboard.views.redirects import redirect_back
from hub.kinds import DataType
from hub.models import Change, Connection, Job, Run
from hub.services import pause_job, resume_job, retry_changes


@seller_page
def show(request: SellerRequest) -> HttpResponse:
    now = overview(seller=request.seller)
    context = {"overview": now, "summary": summary(now), "sync_choices": sync_choices(now)}
    return render(request, "dashboard/overview.html", context)


@seller_page
def live(request: SellerRequest) -> HttpResponse:
    """The current connections. The fragment polls only while something runs.

    `seen` holds the states that the page already shows, so that screen readers announce only what has changed.
    """
    now = overview(seller=request.seller)
    seen = set(request.GET.get("seen", "").split())
    return render(
        request,
        "dashboard/_connections.html",
        {
            "overview": now,
            "summary": summary(now),
            "changed_states": _changed_states(now, seen),
            "live": True,
            "finished": not now.running,
        },
    )


def _changed_states(now: Overview, seen: set[str]) -> list[str]:
    return [
        f"{one.connection}, {card.job.get_data_type_display()}: {state_label(card.run)}."
        for one in now.connections
        for card in one.jobs
        if card.run and card.state_key not in seen
    ]


@seller_action
def sync(request: SellerRequest, connection: str, data_type: str) -> HttpResponseBase:
    """Start a sync of one data type, or show the one that is already running (D2, N7)."""
    home = get_object_or_404(Connection, seller=request.seller, slug=connection)
    if not home.jobs.filter(data_type=data_type).exists():
        raise Http404(f"{home} has no job for {data_type}.")
    try:
        started = start_sync(connection=home, data_type=data_type, trigger=Run.Trigger.BUTTON, by=request.user)[1]
    except (ValueError, LookupError) as error:
        messages.error(request, str(error))
    else:
        values = {"data": DataType(data_type).label, "connection": home}
        if started:
            messages.success(request, _("%(data)s sync started for %(connection)s.") % values)
        else:
            messages.info(
                request, _("%(data)s sync for %(connection)s is already running. Showing its progress.") % values
            )
    return _answer(request)


@seller_action
def pause(request: SellerRequest, job: int) -> HttpResponseBase:
    chosen = _job(request, job)
    pause_job(job=chosen, by=request.user)
    messages.success(request, _("%(data)s sync paused for %(connection)s.") % _names(chosen))
    return _answer(request)


@seller_action
def resume(request: SellerRequest, job: int) -> HttpResponseBase:
    chosen = _job(request, job)
    resume_job(job=chosen, by=request.user)
    messages.success(request, _("%(data)s sync resumed for %(connection)s.") % _names(chosen))
    return _answer(request)


@seller_action
def retry_held(request: SellerRequest, job: int) -> HttpResponseBase:
    """Retry all items of the job that need action."""
    chosen = _job(request, job)
    held = Change.objects.filter(job=chosen, state=Change.State.HELD)
    number = retry_changes(changes=held, by=request.user, seller=request.seller)
    messages.success(
        request, ngettext("Retrying %(number)s item.", "Retrying %(number)s items.", number) % {"number": number}
    )
    return _answer(request)


def _job(request: SellerRequest, job: int) -> Job:
    return get_object_or_404(Job.objects.select_related("connection"), pk=job, connection__seller=request.seller)


def _names(job: Job) -> dict[str, object]:
    return {"data": job.get_data_type_display(), "connection": job.connection}


def _answer(request: SellerRequest) -> HttpResponseBase:
    """The current connections for htmx, else a redirect to the page where the button is."""
    if not request.htmx:
        return redirect_back(request, "dashboard:overview")
    now = overview(seller=request.seller)
    return render(request, "dashboard/_connections.html", {"overview": now, "summary": summary(now), "live": True})
