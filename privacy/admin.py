"""The console's pages of erasures and of requests by shops, and the form that erases a person's data."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelect2Widget, UnfoldBooleanSwitchWidget

from accounts.admin_access import AdministratorsOnly
from accounts.models import Seller
from accounts.operators import get_operator
from common.admin import ReadOnlyAdmin
from privacy.admin_requests import PrivacyRequestAdmin
from privacy.models import Erasure, PrivacyRequest
from privacy.personal_data import Person, find_person
from privacy.services import erase_person


class ErasureForm(forms.ModelForm):
    seller_choice = forms.ModelChoiceField(
        Seller.objects.order_by("name"), label=_("Seller"), widget=UnfoldAdminSelect2Widget
    )
    email = forms.EmailField(
        label=_("Email address"),
        widget=UnfoldAdminEmailInputWidget,
        help_text=_("Of a customer, or on the address of a guest’s order. It is not stored."),
    )
    confirmed = forms.BooleanField(
        label=_("Erase for good"),
        widget=UnfoldBooleanSwitchWidget,
        help_text=_(
            "This can’t be undone. Erase the person in the shop first, so that no change brings the data back."
        ),
    )

    class Meta:
        model = Erasure
        fields: tuple[str, ...] = ()

    person: Person

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("seller_choice") and values.get("email"):
            self.person = find_person(seller=values["seller_choice"], email=values["email"])
            if not self.person:
                self.add_error("email", _("This seller has no data about a person with this address."))
        return values


@admin.register(Erasure)
class ErasureAdmin(AdministratorsOnly, ReadOnlyAdmin):
    empty_text = _("An erasure removes a person’s data at a seller. The request is kept without the data.")
    form = ErasureForm
    list_display = ("at", "seller", "requested_by", "rows")
    fields = ("at", "seller", "requested_by", "rows", "customer_ids", "order_ids", "rejected_item_ids")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Erasure | None = None) -> tuple[str, ...]:
        return self.fields if obj else ("seller_choice", "email", "confirmed")

    def save_model(self, request: HttpRequest, obj: Erasure, form: ErasureForm, change: bool) -> None:
        erasure = erase_person(person=form.person, by=get_operator(request))
        obj.__dict__.update(erasure.__dict__)


admin.site.register(PrivacyRequest, PrivacyRequestAdmin)
