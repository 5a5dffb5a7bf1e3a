"""The form of a job's filters: one field for each property that items are chosen by, instead of JSON (I5)."""

import json
from hashlib import sha256
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldBooleanSwitchWidget,
)

from catalog.models import Status
from connectors.admin.text_fields import LinesField
from connectors.engine import filters, loading
from connectors.engine.exporting import covered_items
from hub.kinds import DataType, Direction
from hub.models import Job
from orders.models import Customer, Order

_PREFIX = "filter_"
NOT_CONFIRMED = "not_confirmed"
_SAMPLE = 10
_STATUSES: dict[str, Any] = {
    DataType.PRODUCTS: Status.choices,
    DataType.CUSTOMERS: Customer.Status.choices,
    DataType.ORDERS: Order.Status.choices,
}
_STOCK = ("stock_locations", "stock_buffer")
_OF_EXPORTS = {
    DataType.PRODUCTS: ("statuses", "brands", "categories", "types", "match_any", *_STOCK),
    DataType.STOCK: _STOCK,
    DataType.CUSTOMERS: ("statuses", "groups", "b2b_only", "match_any"),
    DataType.ORDERS: ("statuses", "b2b_only", "match_any"),
}
_NAMES = ("title", "name", "number", "email", "sku")


def filter_names(job: Job) -> list[str]:
    """The filters that the job heeds, and others that are stored with it."""
    if job.direction == Direction.EXPORT:
        own = _OF_EXPORTS.get(DataType(job.data_type), ())
    else:
        own = ("b2b_groups",) if job.data_type == DataType.CUSTOMERS else ()
    return [*own, *(name for name in job.filters if name not in own)]


def filter_field_names(job: Job) -> list[str]:
    """The names of the form fields, in order."""
    fields = [f"{_PREFIX}{name}" for name in filter_names(job)]
    return [*fields, "apply_filters", "shown_filters"] if fields else []


class JobFiltersForm(forms.ModelForm):
    """Fields for all filters; only those of the job are shown and read.

    A change that concerns what is sent is saved once its effect on the latest items has been shown and confirmed.
    `shown_filters` says for which filters that was. `effect` is what to show; the form is then invalid.
    """

    effect = ""

    filter_statuses = forms.MultipleChoiceField(
        label=_("Status is one of"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    filter_brands = LinesField(label=_("Brand is one of"), required=False, help_text=_("One per line."))
    filter_categories = LinesField(
        label=_("Category is, or is below, one of"),
        required=False,
        help_text=_("One path per line, such as Garden / Chairs."),
    )
    filter_types = LinesField(label=_("Product type is one of"), required=False, help_text=_("One per line."))
    filter_groups = LinesField(label=_("Customer group is one of"), required=False, help_text=_("One per line."))
    filter_b2b_groups = LinesField(
        label=_("Customer groups enabled for B2B"), required=False, help_text=_("One per line.")
    )
    filter_b2b_only = forms.BooleanField(
        label=_("Only B2B: enabled customers, orders of the B2B storefront"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    filter_match_any = forms.BooleanField(
        label=_("One condition is enough"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Otherwise an item has to meet all conditions."),
    )
    filter_stock_locations = LinesField(
        label=_("Stock only of the locations"), required=False, help_text=_("One code per line. Empty: all.")
    )
    filter_stock_buffer = forms.IntegerField(
        label=_("Units kept back"), required=False, min_value=0, widget=UnfoldAdminIntegerFieldWidget
    )
    apply_filters = forms.BooleanField(
        label=_("Apply changed filters"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Save once without it to see what a change does to the latest items."),
    )
    shown_filters = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.filters
        choices = [each for each in _STATUSES.get(self.instance.data_type, []) if each[0] != Status.DELETED]
        known = {value for value, _label in choices}
        choices += [(each, each) for each in stored.get("statuses", ()) if each not in known]
        self.fields["filter_statuses"].choices = choices  # type: ignore[attr-defined]
        self.initial.update({f"{_PREFIX}{name}": value for name, value in stored.items()})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        names = filter_names(self.instance)
        chosen = {name: value for name in names if (value := cleaned.get(f"{_PREFIX}{name}"))}
        stored = {name: value for name, value in self.instance.filters.items() if value}
        if not self.errors and chosen != stored:
            filters.validate(chosen)
            if self.instance.direction == Direction.EXPORT:
                self._confirm(stored, chosen)
            self.instance.filters = chosen
        return cleaned

    def _confirm(self, stored: dict[str, Any], chosen: dict[str, Any]) -> None:
        """Keep the form from being saved, unless the effect was shown for these very filters and confirmed."""
        shown = sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()
        if self.cleaned_data["apply_filters"] and self.cleaned_data["shown_filters"] == shown:
            return
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["shown_filters"] = shown
        data.pop("apply_filters", None)
        self.data = data
        self.effect = _effect(self.instance, stored, chosen)
        self.add_error("apply_filters", ValidationError(gettext("Switch this on and save again."), code=NOT_CONFIRMED))

    @property
    def only_asks(self) -> bool:
        """Whether nothing is wrong but that the effect has not been confirmed yet."""
        codes = {error.code for errors in self.errors.as_data().values() for error in errors}
        return codes == {NOT_CONFIRMED}


def _effect(job: Job, before: dict[str, Any], after: dict[str, Any]) -> str:
    """What the change does to the latest items that the job covers, and how to apply it."""
    ids = [row[0] for row in covered_items(job).filter(offered=True).order_by("-pk")[:_SAMPLE]]
    items = loading.load(job.item_kind, ids)
    found = [items[each] for each in ids if each in items]
    kept = [item for item in found if filters.matches(after, item)]
    text = gettext("Of the latest %(total)d items, %(kept)d match.") % {"total": len(found), "kept": len(kept)}
    gone = [item for item in found if item not in kept and filters.matches(before, item)]
    new = [item for item in kept if not filters.matches(before, item)]
    if gone:
        text += " " + gettext("No longer sent, and removed there: %(items)s.") % {"items": _names(gone)}
    if new:
        text += " " + gettext("Newly sent: %(items)s.") % {"items": _names(new)}
    return text + " " + gettext("To apply the filters, switch on “Apply changed filters” and save again.")


def _names(items: list[Any]) -> str:
    names = (next((str(value) for name in _NAMES if (value := getattr(item, name, ""))), "?") for item in items)
    return ", ".join(Truncator(name).chars(60) for name in names)
