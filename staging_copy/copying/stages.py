"""The stages of a copy, their names for people, and the error that names the one that failed."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

STAGES = ("preflight", "schema", "rows", "indexes", "migrations", "own rows", "gates", "swap")
# A dry run ends before the switchover.
DRY_RUN_STAGES = STAGES[:-1]
STAGE_LABELS = {
    "preflight": gettext_lazy("Preflight checks"),
    "schema": gettext_lazy("Create tables"),
    "rows": gettext_lazy("Copy and mask rows"),
    "indexes": gettext_lazy("Create indexes"),
    "migrations": gettext_lazy("Apply migrations"),
    "own rows": gettext_lazy("Restore staging settings"),
    "gates": gettext_lazy("Verify copy"),
    "swap": gettext_lazy("Switch over"),
    # Not a stage of the copier: it runs on staging, after the swap.
    "check": gettext_lazy("Check shops"),
}


class CopyFailed(Exception):
    """The copy failed at `stage`, and staging is unchanged. `__cause__` is the original error."""

    def __init__(self, stage: str, reason: str) -> None:
        message = _("The copy failed at the stage “%(stage)s”. Staging is unchanged. %(reason)s")
        super().__init__(message % {"stage": STAGE_LABELS[stage], "reason": reason})
        self.stage = stage
        self.reason = reason


class PreflightFailed(Exception):
    """The copy was not started. `reasons` lists every problem found, each with its fix."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("\n".join(self.reasons))
