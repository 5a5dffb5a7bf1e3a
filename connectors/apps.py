from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        from connectors.alerts.feed_imports import (
            refused_imports,  # needs models, which are not loaded when this module is
        )
        from hub.alerts import register_detector

        register_detector(refused_imports)
