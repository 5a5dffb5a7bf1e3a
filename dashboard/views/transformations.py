"""The transformation of one field: its steps, and what they do to real items, before they are saved (I5)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from common.storable import without_nul
from connectors.engine.error_texts import error_text
from connectors.sdk.errors import ConnectorError
from connectors.services.field_mapping import account_fields
from connectors.services.field_transformations import (
    Effect,
    fields_to_transform,
    label_of,
    mapped_path,
    parse_steps,
    placeholders_of,
    preview,
    save_transformation,
    section_of,
    transformations,
)
from dashboard.access import SellerRequest, installed_connection, seller_owner_action, seller_owner_page
from dashboard.mapping_forms import STEP_CHOICES, StepForm, TypedStep, shown_steps, typed_steps
from hub.models import Connection


@seller_owner_page
def show(request: SellerRequest, connection: str) -> HttpResponse:
    chosen = installed_connection(request, connection)
    key = _key(request.GET, chosen)
    steps = shown_steps(transformations(chosen).get(key, []))
    return _page(request, chosen, key, steps, path=mapped_path(chosen, key))


@seller_owner_action
def change(request: SellerRequest, connection: str) -> HttpResponseBase:
    """Adds, moves or removes a step in the form, shows the effect of the steps, or saves them."""
    chosen = installed_connection(request, connection)
    key = _key(request.POST, chosen)
    path = without_nul(request.POST.get("path", "")).strip() if mapped_path(chosen, key) is not None else None
    typed = typed_steps(request.POST)
    action, _colon, number = request.POST.get("action", "").partition(":")
    if action not in ("preview", "save"):
        return _page(request, chosen, key, _edited(typed, action, number, request.POST.get("new", "")), path=path)
    forms = [StepForm(step, values, number=n, check=True) for n, (step, values) in enumerate(typed)]
    if any(form.errors for form in forms):
        return _page(request, chosen, key, typed, path=path, check=True, status=400)
    try:
        steps = parse_steps(key, [form.values for form in forms])
        if action == "preview":
            effects = preview(connection=chosen, key=key, steps=steps, path=path)
            return _page(request, chosen, key, typed, path=path, effects=effects)
        save_transformation(connection=chosen, key=key, steps=steps, path=path, by=request.user)
    except (ConnectorError, ValidationError) as error:
        messages.error(request, " ".join(error.messages) if isinstance(error, ValidationError) else error_text(error))
        return _page(request, chosen, key, typed, path=path, check=True, status=400)
    messages.success(request, _("Field mapping saved. The next full sync applies it to all items."))
    return redirect("dashboard:mapping", seller=request.seller.slug, connection=chosen.slug)


def _key(data: Any, connection: Connection) -> str:
    """The field (by default the first), with the name of its entry for a field that has entries.

    404 if the connection does not import it.
    """
    known = fields_to_transform(connection)
    field, entry = data.get("field") or next(iter(known), ""), without_nul(data.get("entry", "")).strip()
    if field not in known:
        raise Http404(f"{connection} has no field {field!r} to transform.")
    return f"{field}.{entry}" if entry else str(field)


def _edited(typed: list[TypedStep], action: str, number: str, new: str) -> list[TypedStep]:
    steps = list(typed)
    if action == "add" and new in dict(STEP_CHOICES):
        steps.append((new, {}))
    elif number.isdecimal() and len(number) < 3 and int(number) < len(steps):
        moved = steps.pop(int(number))
        if action == "up":
            steps.insert(max(int(number) - 1, 0), moved)
    return steps


def _page(
    request: SellerRequest,
    connection: Connection,
    key: str,
    typed: list[TypedStep],
    *,
    path: str | None,
    effects: list[Effect] | None = None,
    check: bool = False,
    status: int = 200,
) -> HttpResponse:
    kind, _dot, rest = key.partition(".")
    name, _dot, entry = rest.partition(".")
    try:
        label = label_of(key)
    except ValidationError as error:
        # A field that has entries was chosen without one.
        messages.error(request, " ".join(error.messages))
        return redirect("dashboard:mapping", seller=request.seller.slug, connection=connection.slug)
    context = {
        "connection": connection,
        "field": f"{kind}.{name}",
        "entry": entry,
        "label": label,
        "path": path,
        "forms": [StepForm(step, values, number=n, check=check) for n, (step, values) in enumerate(typed)],
        "step_choices": STEP_CHOICES,
        "placeholders": placeholders_of(key),
        "found": account_fields(connection, section_of(key)) if path is not None else [],
        "effects": effects,
    }
    return render(request, "dashboard/transformation.html", context, status=status)
