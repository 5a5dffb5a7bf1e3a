"""What each audited action is called in the console. The rows store the codes, which scripts and filters rely on."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTION_LABELS: dict[str, str | Promise] = {
    "agreement.add": _("Dropship agreement created"),
    "agreement.change": _("Dropship agreement changed"),
    "alert_channel.save": _("Alert channel saved"),
    "backup.register": _("Backup registered"),
    "backup.restore": _("Backup restored"),
    "backup.take": _("Backup requested"),
    "changes.retry": _("Changes retried"),
    "connection.change": _("Connection changed"),
    "connection.install": _("Connection installed"),
    "connection.pause": _("Connection paused"),
    "connection.read_only": _("Dry run turned on or off"),
    "connection.resume": _("Connection resumed"),
    "connection.uninstall": _("Connection uninstalled"),
    "connection.webhook_secret": _("Webhook secret created"),
    "connection.webhooks": _("Webhooks registered"),
    "copy.answer": _("Post-copy check answered"),
    "copy.cancel": _("Copy canceled"),
    "copy.plan": _("Copy scheduled"),
    "copy.register_staging": _("Staging database registered"),
    "copy.rollback": _("Copy rolled back"),
    "copy.samples": _("Samples of a copy viewed"),
    "copy.schedule": _("Copy schedule saved"),
    "copy.schedule.pause": _("Copy schedule paused"),
    "copy.schedule.resume": _("Copy schedule resumed"),
    "copy.want.cancel": _("Copy cancellation requested"),
    "copy.want.check": _("Post-copy check requested"),
    "copy.want.no": _("Keeping missing items requested"),
    "copy.want.roll_back": _("Rollback requested"),
    "copy.want.yes": _("Deleting missing items requested"),
    "customer.receive": _("Customer received"),
    "feed.force": _("Feed import forced"),
    "issue.resolve": _("Issues resolved"),
    "job.pause": _("Job paused"),
    "job.resume": _("Job resumed"),
    "job.schedule": _("Job schedule changed"),
    "key.add": _("API key created"),
    "key.make": _("API key created"),
    "key.revoke": _("API key revoked"),
    "password.change": _("Password changed"),
    "platform.pause": _("Kill switch turned on"),
    "platform.resume": _("Kill switch turned off"),
    "proof.repair": _("Differences repaired"),
    "seller.add": _("Seller created"),
    "seller.change": _("Seller changed"),
    "sync.answer": _("Run approved or declined"),
    "sync.cancel": _("Run canceled"),
    "sync.join": _("Sync requested while one was running"),
    "sync.start": _("Sync started"),
    "synclog.delete": _("Sync logs deleted"),
    "user.add": _("User created"),
    "user.change": _("User changed"),
    "webhooks.replay": _("Webhooks replayed"),
}


def action_label(action: str) -> str:
    """The label of an action code, or the code itself if it has none (rows written by another version)."""
    return str(ACTION_LABELS.get(action, action))
