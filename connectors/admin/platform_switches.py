"""Console pages of the platforms' kill switches."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.operators import get_operator
from common.admin import BaseAdmin
from connectors.adapters.registry import adapters
from hub.models import PlatformSwitch
from hub.services import pause_platform, resume_platform


def _platforms() -> list[tuple[str, str]]:
    return [(key, adapter.name) for key, adapter in adapters().items()]


class PlatformSwitchForm(forms.ModelForm):
    platform = forms.ChoiceField(
        label=_("Platform"),
        help_text=_("All connections to this platform are paused until the kill switch is deleted."),
        choices=_platforms,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = PlatformSwitch
        fields = ("platform", "reason")


@admin.register(PlatformSwitch)
class PlatformSwitchAdmin(BaseAdmin):
    """Adding a row pauses every connection of a platform; deleting the row resumes them."""

    empty_text = _("Add one to pause all connections of a platform at once, for example during an outage.")
    form = PlatformSwitchForm
    list_display = ("platform", "reason", "paused_at", "paused_by")
    list_select_related = ("paused_by",)
    fields = ("platform", "reason")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: PlatformSwitch, form: forms.ModelForm, change: bool) -> None:
        pause_platform(platform=obj.platform, reason=obj.reason, by=get_operator(request))
        obj.pk = PlatformSwitch.objects.get(platform=obj.platform).pk

    def delete_model(self, request: HttpRequest, obj: PlatformSwitch) -> None:
        resume_platform(platform=obj.platform, by=get_operator(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for switch in queryset:
            self.delete_model(request, switch)
