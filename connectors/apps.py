from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        # Imported here, because models are not loaded yet when this module is.
        from connectors.alerts.feed_imports import rejected_imports
        from hub.alerts import register_detector

        register_detector(rejected_imports)
