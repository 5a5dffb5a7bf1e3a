from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectorsConfig(AppConfig):
    name = "connectors"
    verbose_name = _("Feeds and webhooks")

    def ready(self) -> None:
        # Imported here, because models are not loaded yet when this module is.
        from connectors.alerts.feed_imports import rejected_imports
        from hub.alerts import register_detector

        register_detector(rejected_imports)
