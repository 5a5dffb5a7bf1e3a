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
    values = {field.key: _value(field, request.POST.get(field.key, "")) for field in mapped_fields(chosen)}
    try:
        save_mapping(connection=chosen, values=values, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _page(request, chosen, status=400)
    messages.success(request, _("Field mapping saved. The next full sync applies it to all items."))
    return redirect("dashboard:mapping", seller=request.seller.slug, connection=chosen.slug)


def _value(field: MappedField, text: str) -> str | dict[str, str]:
    """A mapping of names is one `ours = theirs` a line; lines without both are left out."""
    text = without_nul(text).strip()
    if not field.is_map:
        return text
    pairs = (line.partition("=") for line in text.splitlines())
    return {ours.strip(): theirs.strip() for ours, _sign, theirs in pairs if ours.strip() and theirs.strip()}


def _page(request: SellerRequest, connection: Connection, status: int = 200) -> HttpResponse:
    fields = mapped_fields(connection)
    sections = dict.fromkeys(field.section for field in fields)
    found = {section: account_fields(connection, section) for section in sections}
    examples = {(section, each.path): each.examples for section, rows in found.items() for each in rows}
    context = {
        "connection": connection,
        "rows": [(field, _text(field), examples.get((field.section, str(field.value)), [])) for field in fields],
        "found": [(section, rows) for section, rows in found.items() if rows],
    }
    return render(request, "dashboard/mapping.html", context, status=status)


def _text(field: MappedField) -> str:
    if isinstance(field.value, dict):
        return "\n".join(f"{ours} = {theirs}" for ours, theirs in field.value.items())
    return field.value


def _connection(request: SellerRequest, slug: str) -> Connection:
    installed = Connection.objects.exclude(state=Connection.State.UNINSTALLED)
    return get_object_or_404(installed, seller=request.seller, slug=slug)
