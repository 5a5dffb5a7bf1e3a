"""Console pages of alerts, of the channels that receive them, and of each delivery."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.operators import get_operator
from accounts.services import record_audit_event
from common.admin import BaseAdmin, ReadOnlyAdmin
from hub.models import Alert, AlertChannel, AlertDelivery


class AlertChannelForm(forms.ModelForm):
    """The destination is stored encrypted and never shown again: whoever knows a webhook URL can post to the chat."""

    destination = forms.CharField(
        label=_("Email address or webhook URL"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_(
            "For chats, the URL of an incoming webhook. Stored encrypted and never shown again. "
            "Leave empty to keep the current value."
        ),
    )

    class Meta:
        model = AlertChannel
        fields = ("label", "medium", "seller", "enabled")
        labels = {"label": _("Channel name"), "medium": _("Send by")}
        help_texts = {
            "label": _("For example the name of the chat channel or of the team."),
            "seller": _("Leave empty to receive the alerts of all sellers."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        address = cleaned.get("destination", "")
        if not address:
            if self.instance.pk is None or "medium" in self.changed_data:
                raise ValidationError({"destination": gettext("Enter an email address or a webhook URL.")})
            return cleaned
        try:
            if cleaned.get("medium") == AlertChannel.Medium.EMAIL:
                validate_email(address)
            else:
                URLValidator(schemes=["https", "http"])(address)
        except ValidationError as error:
            raise ValidationError({"destination": error}) from error
        self.instance.address = address
        return cleaned


@admin.register(AlertChannel)
class AlertChannelAdmin(BaseAdmin):
    empty_text = _("A channel sends alerts of a seller, or of all, to a team’s email address or chat.")
    form = AlertChannelForm
    fields = ("label", "medium", "destination", "seller", "enabled")
    list_display = ("label", "medium", "seller", "enabled")
    list_filter = ("medium", "enabled")
    list_select_related = ("seller",)
    autocomplete_fields = ("seller",)

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record_audit_event(user=get_operator(request), action="alert_channel.save", target=obj.label, seller=obj.seller)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return ModelAdmin.has_delete_permission(self, request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Its deliveries, which nobody deletes by themselves, go with a channel."""
        to_delete, counts, _missing_permissions, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: AlertChannel) -> None:
        record_audit_event(
            user=get_operator(request), action="alert_channel.delete", target=obj.label, seller=obj.seller
        )
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for channel in queryset:
            self.delete_model(request, channel)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("message", "kind", "seller", "opened_at", "resolved_at")
    list_filter = ("kind", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("seller",)


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(ReadOnlyAdmin):
    empty_text = _("What alert channels were sent appears here.")
    list_display = ("alert", "channel", "is_resolution", "sent_at", "attempts", "last_error")
    list_select_related = ("alert", "channel")
