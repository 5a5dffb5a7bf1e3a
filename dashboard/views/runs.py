"""Sync history, and the page of one run with its live progress."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from dashboard.access import SellerRequest, seller_action, seller_page
from dashboard.chart import chart
from dashboard.forms import RunFilter
from dashboard.keyset import Keyset
from dashboard.presentation import state_label
from dashboard.queries.checks import verdict_counts
from dashboard.queries.counting import count_up_to_cap
from dashboard.queries.issues import issues
from dashboard.queries.runs import feed_imports, full_log, log_tail, run_page, runs
from hub.kinds import Kind
from hub.models import Run
from hub.services import answer_run, cancel_run

_LINES_SHOWN = 500


@seller_page
def index(request: SellerRequest) -> HttpResponse:
    filters = RunFilter(request.GET, seller=request.seller)
    keyset = Keyset(request.GET.get("page", ""), size=settings.RUNS_SHOWN)
    page = run_page(seller=request.seller, keyset=keyset, **filters.chosen)
    return render(request, "dashboard/runs.html", {"filters": filters, "page": page, "chart": chart(page.rows)})


@seller_page
def show(request: SellerRequest, run: int) -> HttpResponse:
    chosen = _run(request, run)
    lines = log_tail(run=chosen, limit=_LINES_SHOWN)
    context = _run_context(request, chosen) | {
        "lines": lines,
        "tail": _LINES_SHOWN,
        "after": lines[-1].pk if lines else 0,
    }
    return render(request, "dashboard/run.html", context)


@seller_page
def live(request: SellerRequest, run: int) -> HttpResponse:
    """What changes during a run: its state (`was` is the one shown), and the log lines after ID `after`."""
    chosen = _run(request, run)
    value = request.GET.get("after", "")
    after = int(value) if value.isdecimal() and len(value) < 19 else 0
    lines = log_tail(run=chosen, after=after, limit=_LINES_SHOWN)
    context = _run_context(request, chosen) | {
        "lines": lines,
        "after": lines[-1].pk if lines else after,
        "live": True,
        "finished": not chosen.is_open,
        "changed": request.GET.get("was") != chosen.state,
    }
    return render(request, "dashboard/_run.html", context)


def _run_context(request: SellerRequest, run: Run) -> dict[str, object]:
    opened = issues(seller=request.seller, run=run)
    counters = sorted(run.counters.all(), key=lambda counter: counter.kind)
    return {
        "run": run,
        "counters": counters,
        "show_disabled": any(counter.disabled or counter.kind.startswith(Kind.CATEGORY) for counter in counters),
        "imports": feed_imports(run=run),
        "verdict_counts": verdict_counts(run=run),
        "follow_up_runs": run.follow_up_runs.filter(job__connection__seller=request.seller)
        .select_related("job__connection")
        .order_by("-id"),
        "open_issues": count_up_to_cap(opened),
    }


@seller_page
def log(request: SellerRequest, run: int) -> HttpResponseBase:
    """The whole log as a text file, complete once the run has finished (B8)."""
    chosen = _run(request, run)
    zone = timezone.get_current_timezone()

    def text() -> Iterator[str]:
        scope, status = capfirst(chosen.get_scope_display()), state_label(chosen)
        yield f"Run {chosen.pk}: {chosen.job}. Scope: {scope}. Status: {status}.\n"
        if chosen.is_open:
            yield "The run has not finished; this is its log so far.\n"
        for line in full_log(run=chosen):
            yield f"{timezone.localtime(line.at, zone):%Y-%m-%d %H:%M:%S %Z} {line.level.upper():<7} {line.text}\n"

    return StreamingHttpResponse(
        text(),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="run-{chosen.pk}.txt"'},
    )


@seller_action
def cancel(request: SellerRequest, run: int) -> HttpResponseBase:
    chosen = _run(request, run)
    if cancel_run(run=chosen, by=request.user):
        messages.success(request, _("Run canceled. Items already sent are not reverted."))
    else:
        messages.info(request, _("This run has already finished."))
    return redirect("dashboard:run", seller=request.seller.slug, run=chosen.pk)


@seller_action
def answer(request: SellerRequest, run: int) -> HttpResponseBase:
    """Approve or decline the changes for which a run needs approval."""
    chosen = _run(request, run)
    reply = request.POST.get("answer")
    if reply not in ("yes", "no"):
        messages.error(request, _("Select yes or no."))
    else:
        try:
            answer_run(run=chosen, yes=reply == "yes", by=request.user)
        except ValueError as error:
            messages.info(request, str(error))
        else:
            messages.success(request, _("Answer saved. The run continues."))
    return redirect("dashboard:run", seller=request.seller.slug, run=chosen.pk)


def _run(request: SellerRequest, run: int) -> Run:
    return get_object_or_404(runs(seller=request.seller), pk=run)
