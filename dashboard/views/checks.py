"""Previews of what a sync would change, and comparisons with the data that a platform holds (N9, N13)."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.csv_export import csv_response
from connectors.services import checks as check_services
from dashboard import export
from dashboard.access import SellerRequest, seller_action, seller_page
from dashboard.forms import CheckItemFilter
from dashboard.keyset import Keyset
from dashboard.queries import checks
from hub.models import Job, Run, RunItem


@seller_page
def index(request: SellerRequest) -> HttpResponse:
    return render(request, "dashboard/checks.html", {"checks": checks.checks(seller=request.seller)})


@seller_action
def preview(request: SellerRequest, job: int) -> HttpResponseBase:
    return _start(request, job, check_services.start_preview)


@seller_action
def compare(request: SellerRequest, job: int) -> HttpResponseBase:
    return _start(request, job, check_services.start_comparison)


def _start(request: SellerRequest, job: int, start: Callable[..., tuple[Run, bool]]) -> HttpResponseBase:
    chosen = get_object_or_404(Job.objects.select_related("connection"), pk=job, connection__seller=request.seller)
    try:
        run, started = start(job=chosen, by=request.user)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("dashboard:checks", seller=request.seller.slug)
    if not started:
        messages.info(request, _("This check is already running. Showing its progress."))
    return redirect("dashboard:run", seller=request.seller.slug, run=run.pk)


@seller_page
def show(request: SellerRequest, check: int) -> HttpResponse:
    run = _run(request, check)
    filters = CheckItemFilter(request.GET, run=run)
    rows = checks.run_items(run=run, **filters.chosen)
    page, known = checks.page_of(seller=request.seller, rows=rows, keyset=Keyset(request.GET.get("page", "")))
    context = {
        "run": run,
        "filters": filters,
        "page": page,
        "rows": [(row, known.get((row.kind, row.item_id))) for row in page.rows],
        "can_repair": request.may_change and run.scope == Run.Scope.COMPARISON and not run.is_open,
        "repairable_verdicts": RunItem.REPAIRABLE,
    }
    return render(request, "dashboard/check.html", context)


@seller_page
def download(request: SellerRequest, check: int) -> HttpResponseBase:
    """All items that the filters match as a CSV file: one row for each field that differs."""
    run = _run(request, check)
    rows = checks.run_items(run=run, **CheckItemFilter(request.GET, run=run).chosen)
    # The response is streamed after the decorator has reset the time zone.
    zone = timezone.get_current_timezone()
    lines = (
        line
        for row, title in checks.with_titles(seller=request.seller, rows=rows)
        for line in export.check_rows(row, title, zone)
    )
    return csv_response(f"check-{run.pk}.csv", export.CHECK_HEADER, lines)


@seller_action
def repair_items(request: SellerRequest, check: int) -> HttpResponseBase:
    """Repair all differences, those with one verdict, or the selected items. The first POST asks for confirmation."""
    run = _run(request, check)
    verdict, picked = request.POST.get("verdict", ""), "picked" in request.POST
    ids = [int(value) for value in request.POST.getlist("item") if value.isdecimal() and len(value) < 19]
    rows = check_services.repairable(run=run, verdict=verdict, ids=ids if picked else None)
    counted = check_services.count_by_verdict(rows)
    if run.is_open or not counted:
        messages.info(request, _("Nothing to repair in your selection."))
    elif "confirmed" not in request.POST:
        context = {"run": run, "counted": counted, "number": sum(counted.values()), "verdict": verdict, "ids": ids}
        return render(request, "dashboard/repair.html", context | {"picked": picked})
    else:
        number = check_services.repair(run=run, items=rows, by=request.user)
        text = ngettext("%(number)s item queued for repair.", "%(number)s items queued for repair.", number)
        messages.success(request, text % {"number": intcomma(number)})
    return redirect("dashboard:check", seller=request.seller.slug, check=run.pk)


@seller_action
def start_previewed_sync(request: SellerRequest, check: int) -> HttpResponseBase:
    """Start the sync that was previewed."""
    previewed = _run(request, check)
    try:
        run, started = check_services.start_previewed_sync(preview=previewed, by=request.user)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("dashboard:run", seller=request.seller.slug, run=previewed.pk)
    if started:
        messages.success(request, _("Sync started."))
    else:
        messages.info(request, _("A sync is already running. Showing its progress."))
    return redirect("dashboard:run", seller=request.seller.slug, run=run.pk)


def _run(request: SellerRequest, check: int) -> Run:
    return get_object_or_404(checks.check_runs(seller=request.seller), pk=check)
