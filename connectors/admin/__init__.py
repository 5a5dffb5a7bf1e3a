"""Console pages of connections, jobs, issues, previews and comparisons, feed imports and webhooks."""

from connectors.admin.checks import RunItemAdmin
from connectors.admin.connections import ConnectionAdmin
from connectors.admin.feeds_and_webhooks import FeedImportAdmin, WebhookEventAdmin, WebhookRefusalAdmin
from connectors.admin.issues import IssueAdmin
from connectors.admin.jobs import JobAdmin
from connectors.admin.platform_switches import PlatformSwitchAdmin

__all__ = [
    "ConnectionAdmin",
    "FeedImportAdmin",
    "IssueAdmin",
    "JobAdmin",
    "PlatformSwitchAdmin",
    "RunItemAdmin",
    "WebhookEventAdmin",
    "WebhookRefusalAdmin",
]
