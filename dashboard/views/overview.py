"""The home page: how every sync stands, and the buttons that start one."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from connectors.services import sync as start_sync
from dashboard.access import SellerRequest, seller_action, seller_page
from dashboard.presentation import state_label
from dashboard.queries.overview import Overview, overview
from hub.kinds import DataType
from hub.models import Change, Connection, Job, Run
from hub.services import pause_job, resume_job, retry_changes


@seller_page
def show(request: SellerRequest) -> HttpResponse:
    return render(request, "dashboard/overview.html", {"overview": overview(seller=request.seller)})


@seller_page
def live(request: SellerRequest) -> HttpResponse:
    """The connections as they are now. Asks for itself again only while something runs.

    `seen` holds the states that the page showed, so that only what has changed is read out.
    """
    now = overview(seller=request.seller)
    seen = set(request.GET.get("seen", "").split())
    return render(
        request,
        "dashboard/_connections.html",
        {"overview": now, "changed_states": _changed_states(now, seen), "live": True},
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
    """Start a sync of one kind of data, or join the one that runs (D2, N7)."""
    home = get_object_or_404(Connection, seller=request.seller, slug=connection)
    if not home.jobs.filter(data_type=data_type).exists():
        raise Http404(f"{home} has no job for {data_type}.")
    label = f"{DataType(data_type).label} of {home}"
    try:
        _, started = start_sync(connection=home, data_type=data_type, trigger=Run.Trigger.BUTTON, by=request.user)
    except (ValueError, LookupError) as error:
        messages.error(request, str(error))
    else:
        if started:
            messages.success(request, f"{label}: the sync has started.")
        else:
            messages.info(request, f"{label}: a sync was running already, so you joined it.")
    return _answer(request)


@seller_action
def pause(request: SellerRequest, job: int) -> HttpResponseBase:
    chosen = _job(request, job)
    pause_job(job=chosen, by=request.user)
    messages.success(request, f"{chosen.get_data_type_display()} of {chosen.connection}: paused.")
    return _answer(request)


@seller_action
def resume(request: SellerRequest, job: int) -> HttpResponseBase:
    chosen = _job(request, job)
    resume_job(job=chosen, by=request.user)
    messages.success(request, f"{chosen.get_data_type_display()} of {chosen.connection}: it goes on.")
    return _answer(request)


@seller_action
def retry_held(request: SellerRequest, job: int) -> HttpResponseBase:
    """Try all items again that wait for a person."""
    chosen = _job(request, job)
    number = retry_changes(changes=Change.objects.filter(job=chosen, state=Change.State.HELD), by=request.user)
    messages.success(request, f"{number} {'item is' if number == 1 else 'items are'} tried again now.")
    return _answer(request)


def _job(request: SellerRequest, job: int) -> Job:
    return get_object_or_404(Job.objects.select_related("connection"), pk=job, connection__seller=request.seller)


def _answer(request: SellerRequest) -> HttpResponseBase:
    """With htmx the connections as they are now, else the whole page anew."""
    if not request.htmx:
        return redirect("dashboard:overview", seller=request.seller.slug)
    return render(request, "dashboard/_connections.html", {"overview": overview(seller=request.seller), "live": True})
