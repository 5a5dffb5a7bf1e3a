"""Connecting a platform: choose it, test the account, choose data types and schedules, see a sample, start (I4)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from connectors.adapters.registry import adapters
from connectors.engine.error_texts import error_text
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError
from connectors.services.guided_connect import begin_syncing, connect, items_to_send, read_sample
from connectors.services.installation import app_of
from dashboard.access import SellerRequest, seller_owner_action, seller_owner_page
from dashboard.connect_forms import JobsForm, connect_form, optional_fields
from hub.kinds import Direction, Role
from hub.models import Connection, Job


@seller_owner_page
def choose(request: SellerRequest) -> HttpResponse:
    platforms = sorted((_about(adapter) for adapter in adapters().values()), key=lambda about: about["name"])
    return render(request, "dashboard/connect.html", {"platforms": platforms})


def _about(adapter: type[Adapter[Any]]) -> dict[str, Any]:
    """What templates show of an adapter; they would call the class itself."""
    return {
        "key": adapter.key,
        "name": adapter.name,
        "role": "" if adapter.role == Role.CUSTOM else adapter.role.label,
        "is_source": bool(adapter.sources()),
        "is_target": bool(adapter.targets()),
        "guide": adapter.setup_guide,
    }


@seller_owner_page
def form(request: SellerRequest, platform: str) -> HttpResponse:
    return form_page(request, _adapter(platform), None)


@seller_owner_action
def test(request: SellerRequest, platform: str) -> HttpResponseBase:
    """Creates the connection only if its account answers."""
    adapter = _adapter(platform)
    filled = connect_form(adapter, request.POST)
    if not filled.is_valid():
        return form_page(request, adapter, filled, status=400)
    try:
        connection, tested = connect(
            seller=request.seller,
            adapter=adapter,
            name=filled.cleaned_data["name"],
            base_url=filled.cleaned_data["base_url"],
            settings=filled.new_settings,
            credentials=filled.new_credentials or {},
            by=request.user,
        )
    except (ConnectorError, ValidationError) as error:
        problem = " ".join(error.messages) if isinstance(error, ValidationError) else error_text(error)
        filled.add_error(None, _("The test failed, nothing was saved: %(problem)s") % {"problem": problem})
        return form_page(request, adapter, filled, status=400)
    messages.success(request, _("Connection test succeeded: %(answer)s") % {"answer": tested.answer})
    return redirect("dashboard:connect_setup", seller=request.seller.slug, connection=connection.slug)


def form_page(
    request: SellerRequest, adapter: type[Adapter[Any]], filled: Any, status: int = 200, **further: str
) -> HttpResponse:
    shown = filled or connect_form(adapter)
    more = optional_fields(shown)
    context = {
        "adapter": _about(adapter),
        "form": shown,
        "needed": [field for field in shown if field.name not in {each.name for each in more}],
        "more": more,
        "more_is_open": any(field.errors for field in more),
        "can_install": app_of(adapter) is not None,
    }
    return render(request, "dashboard/connect_form.html", context | further, status=status)


@seller_owner_page
def setup(request: SellerRequest, connection: str) -> HttpResponse:
    chosen = _connection(request, connection)
    return _setup_page(request, chosen, JobsForm(jobs=_jobs(chosen)))


@seller_owner_action
def sample(request: SellerRequest, job: int) -> HttpResponse:
    """What the first sync of one data type would read or send; a part of the page."""
    chosen = get_object_or_404(Job.objects.select_related("connection"), pk=job, connection__seller=request.seller)
    context: dict[str, object] = {"job": chosen}
    if chosen.direction == Direction.EXPORT:
        context["to_send"] = items_to_send(job=chosen)
    else:
        try:
            context["sample"] = read_sample(job=chosen)
        except ConnectorError as error:
            context["problem"] = error_text(error)
    return render(request, "dashboard/_sample.html", context)


@seller_owner_action
def begin(request: SellerRequest, connection: str) -> HttpResponseBase:
    chosen = _connection(request, connection)
    filled = JobsForm(request.POST, jobs=_jobs(chosen))
    if not filled.is_valid():
        return _setup_page(request, chosen, filled, status=400)
    begin_syncing(connection=chosen, schedules=filled.schedules, by=request.user)
    messages.success(request, _("The first sync of %(connection)s has started.") % {"connection": chosen})
    return redirect("dashboard:overview", seller=request.seller.slug)


def _setup_page(request: SellerRequest, connection: Connection, filled: JobsForm, status: int = 200) -> HttpResponse:
    return render(request, "dashboard/connect_setup.html", {"connection": connection, "form": filled}, status=status)


def _jobs(connection: Connection) -> list[Job]:
    return list(connection.jobs.order_by("direction", "pk"))


def _adapter(platform: str) -> type[Adapter[Any]]:
    adapter = adapters().get(platform)
    if adapter is None:
        raise Http404(f"There is no platform {platform!r}.")
    return adapter


def _connection(request: SellerRequest, slug: str) -> Connection:
    installed = Connection.objects.exclude(state=Connection.State.UNINSTALLED)
    return get_object_or_404(installed, seller=request.seller, slug=slug)
