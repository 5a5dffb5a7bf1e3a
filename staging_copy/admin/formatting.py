"""How the copy pages show times and stages."""

from datetime import UTC, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The names that the journal stores, in the order of a copy.
STAGE_LABELS: dict[str, str | Promise] = {
    "preflight": _("Check"),
    "schema": _("Create tables"),
    "rows": _("Copy rows"),
    "indexes": _("Build indexes"),
    "migrations": _("Run migrations"),
    "own rows": _("Restore staging settings"),
    "gates": _("Verify the copy"),
    "swap": _("Switch over"),
    "check": _("Check in shops"),
}


def stage_label(stage: str) -> str:
    """The label of a stage, or its stored name if it has none (journals written by another version)."""
    return str(STAGE_LABELS.get(stage, stage))


def format_utc(timestamp: datetime | None) -> str:
    """To the minute, in UTC: operators compare these times with backups of other systems."""
    return f"{timestamp.astimezone(UTC):%a %Y-%m-%d %H:%M} UTC" if timestamp else "-"
