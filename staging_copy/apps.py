"""Registers the app's system check and its alert detector."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from staging_copy.checks import every_column_has_a_rule


class StagingCopyConfig(AppConfig):
    name = "staging_copy"
    verbose_name = _("live-to-staging copy")

    def ready(self) -> None:
        from hub.alerts import register_detector  # imported here because models are not loaded yet at module level
        from staging_copy import alerts

        register(every_column_has_a_rule)
        register_detector(alerts.find)
