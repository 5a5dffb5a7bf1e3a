"""The project as an app, so that Django finds its management commands, and traces begin before middleware is loaded."""

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class SyncCenterConfig(AppConfig):
    name = "synccenter"

    def ready(self) -> None:
        if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            return
        try:
            from synccenter import tracing
        except ImportError as error:
            raise ImproperlyConfigured("OTEL_EXPORTER_OTLP_ENDPOINT needs the extra `tracing`.") from error
        tracing.start()
