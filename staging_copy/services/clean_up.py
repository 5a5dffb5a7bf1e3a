"""Cleans up after a copier that was killed."""

from django.utils import timezone
from django.utils.translation import gettext as _

from staging_copy.copying import journal
from staging_copy.copying.config import Config
from staging_copy.copying.stages import STAGE_LABELS
from staging_copy.copying.undo import undo
from staging_copy.models import Copy, DryRun
from staging_copy.services.checks import check, finish, journal_of


def clean_up(config: Config) -> None:
    """Settles everything that a killed copier left. Call it under `exclusive_lock`.

    A copy killed before its swap is undone and fails; one killed after it is completed, and its check continues.
    """
    for record in journal.unfinished(config.journals):
        if undo(config, record):
            record.write("finished", recovered=True)
        else:
            record.write("cleaned")
    for copy in Copy.objects.filter(state__in=Copy.UNDER_WAY):
        if copy.journal and journal_of(copy).last("finished"):
            check(config, copy, journal_of(copy))
            continue
        finish(copy, Copy.State.FAILED, _what_stopped(copy))
    for dry_run in DryRun.objects.filter(state=DryRun.State.RUNNING):
        DryRun.objects.filter(pk=dry_run.pk).update(
            state=DryRun.State.FAILED, finished_at=timezone.now(), problem=_what_stopped(dry_run)
        )


def _what_stopped(copy: Copy | DryRun) -> str:
    message = _("The copier was killed at the stage “%(stage)s”. Staging is unchanged.")
    if copy.problem:
        message = _("The copy failed at the stage “%(stage)s”. Staging is unchanged. %(problem)s")
    return message % {"stage": STAGE_LABELS[copy.stage or "preflight"], "problem": copy.problem}
