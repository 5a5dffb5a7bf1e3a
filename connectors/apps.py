from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        # Imported here, because models are not loaded yet when this module is.
        from connectors.alerts.feed_imports import refused_imports
        from hub.alerts import register_detector

        register_detector(refused_imports)
