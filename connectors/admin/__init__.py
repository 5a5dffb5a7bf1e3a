"""The console's pages about connections and what they exchange."""

from connectors.admin.checks import RunItemAdmin
from connectors.admin.connections import ConnectionAdmin, PlatformSwitchAdmin
from connectors.admin.feeds_and_webhooks import FeedImportAdmin, WebhookEventAdmin, WebhookRefusalAdmin
from connectors.admin.jobs import JobAdmin

__all__ = [
    "ConnectionAdmin",
    "FeedImportAdmin",
    "JobAdmin",
    "PlatformSwitchAdmin",
    "RunItemAdmin",
    "WebhookEventAdmin",
    "WebhookRefusalAdmin",
]
