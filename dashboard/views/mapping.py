"""The form that maps the fields of a connection, with the fields and values that the account really has (I5)."""

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from common.storable import without_nul
from connectors.admin.text_fields import mapped_text, mapping_help, parse_mapped
from connectors.sdk.transformation_steps import Step
from connectors.services.field_mapping import account_fields, mapped_fields, save_mapping
from connectors.services.field_transformations import fields_to_transform, label_of, transformations
from dashboard.access import SellerRequest, installed_connection, seller_owner_action, seller_owner_page
from hub.models import Connection


@seller_owner_page
def show(request: SellerRequest, connection: str) -> HttpResponse:
    return _page(request, installed_connection(request, connection))


@seller_owner_action
def save(request: SellerRequest, connection: str) -> HttpResponseBase:
    chosen = installed_connection(request, connection)
    fields = mapped_fields(chosen)
    typed = {field.key: without_nul(request.POST.get(field.key, "")).strip() for field in fields}
    try:
        values = {field.key: parse_mapped(field, typed[field.key]) for field in fields}
        save_mapping(connection=chosen, values=values, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _page(request, installed_connection(request, connection), typed, status=400)
    messages.success(request, _("Field mapping saved. The next full sync applies it to all items."))
    return redirect("dashboard:mapping", seller=request.seller.slug, connection=chosen.slug)


def _page(
    request: SellerRequest, connection: Connection, typed: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    """`typed`: what was entered in a form that could not be saved, by `MappedField.key`."""
    fields = mapped_fields(connection)
    sections = dict.fromkeys(field.section for field in fields)
    found = {section: account_fields(connection, section) for section in sections}
    examples = {(section, each.path): each.examples for section, rows in found.items() for each in rows}
    texts = {field.key: mapped_text(field) for field in fields} | (typed or {})
    steps = dict(transformations(connection))
    context = {
        "connection": connection,
        "rows": [
            (
                field,
                texts[field.key],
                mapping_help(field),
                examples.get((field.section, texts[field.key]), []),
                steps.pop(field.transformation, ()),
            )
            for field in fields
        ],
        # Transformations of fields whose place at the platform is not chosen.
        "transformed": [_transformed(key, chosen) for key, chosen in steps.items()],
        "transformable": fields_to_transform(connection),
        "found": [(section, rows) for section, rows in found.items() if rows],
        "has_suggestions": any(sections),
    }
    return render(request, "dashboard/mapping.html", context, status=status)


def _transformed(key: str, steps: Sequence[Step]) -> dict[str, object]:
    kind, _dot, rest = key.partition(".")
    name, _dot, entry = rest.partition(".")
    return {"label": label_of(key), "field": f"{kind}.{name}", "entry": entry, "steps": steps}
