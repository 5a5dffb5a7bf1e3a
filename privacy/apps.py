"""Django app configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "privacy"
    verbose_name = _("Privacy")

    def ready(self) -> None:
        # Imported here, because models are not loaded yet when this module is.
        from connectors.webhooks.receiving import privacy_event_received
        from hub.alerts import register_detector
        from privacy.requests import due_soon, record_request

        privacy_event_received.connect(record_request)
        register_detector(due_soon)
