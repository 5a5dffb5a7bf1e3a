"""The form that maps the fields of a connection, with the fields and values that the account really has (I5)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from common.storable import without_nul
from connectors.services.field_mapping import MappedField, account_fields, mapped_fields, save_mapping
from dashboard.access import SellerRequest, seller_owner_action, seller_owner_page
from hub.models import Connection


@seller_owner_page
def show(request: SellerRequest, connection: str) -> HttpResponse:
    return _page(request, _connection(request, connection))


@seller_owner_action
def save(request: SellerRequest, connection: str) -> HttpResponseBase:
    chosen = _connection(request, connection)
    fields = mapped_fields(chosen)
    typed = {field.key: without_nul(request.POST.get(field.key, "")).strip() for field in fields}
    try:
        values = {field.key: _value(field, typed[field.key]) for field in fields}
        save_mapping(connection=chosen, values=values, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _page(request, _connection(request, connection), typed, status=400)
    messages.success(request, _("Field mapping saved. The next full sync applies it to all items."))
    return redirect("dashboard:mapping", seller=request.seller.slug, connection=chosen.slug)


def _value(field: MappedField, text: str) -> str | dict[str, str]:
    """A mapping of names is one `ours = theirs` a line; lines with one of the two are left out.

    ValidationError for a line without "=".
    """
    if not field.is_map:
        return text
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        if "=" not in line:
            raise ValidationError(
                _("%(field)s: the line “%(line)s” has no “=”. Write: SyncCenter’s name = the platform’s name")
                % {"field": field.label, "line": line.strip()[:100]}
            )
    pairs = (line.partition("=") for line in lines)
    return {ours.strip(): theirs.strip() for ours, _sign, theirs in pairs if ours.strip() and theirs.strip()}


def _page(
    request: SellerRequest, connection: Connection, typed: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    """`typed`: what was entered in a form that could not be saved, by `MappedField.key`."""
    fields = mapped_fields(connection)
    sections = dict.fromkeys(field.section for field in fields)
    found = {section: account_fields(connection, section) for section in sections}
    examples = {(section, each.path): each.examples for section, rows in found.items() for each in rows}
    texts = {field.key: _text(field) for field in fields} | (typed or {})
    context = {
        "connection": connection,
        "rows": [(field, texts[field.key], examples.get((field.section, texts[field.key]), [])) for field in fields],
        "found": [(section, rows) for section, rows in found.items() if rows],
        "has_suggestions": any(sections),
    }
    return render(request, "dashboard/mapping.html", context, status=status)


def _text(field: MappedField) -> str:
    if isinstance(field.value, dict):
        return "\n".join(f"{ours} = {theirs}" for ours, theirs in field.value.items())
    return field.value


def _connection(request: SellerRequest, slug: str) -> Connection:
    installed = Connection.objects.exclude(state=Connection.State.UNINSTALLED)
    return get_object_or_404(installed, seller=request.seller, slug=slug)
