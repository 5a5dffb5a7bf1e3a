from django.apps import AppConfig
from django.core.checks import register

from staging_copy.checks import every_column_has_a_rule


class StagingCopyConfig(AppConfig):
    name = "staging_copy"
    verbose_name = "live-to-staging copy"

    def ready(self) -> None:
        from hub.alerts import register_detector  # these need models, which are not loaded when this module is
        from staging_copy import alerts

        register(every_column_has_a_rule)
        register_detector(alerts.find)
