"""The check of staging after a copy: run, repeated, or continued with a person's answer."""

import logging
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event
from hub.alerts import announce
from staging_copy.checking import CheckFailed, process
from staging_copy.copying import journal
from staging_copy.copying.config import Config, exclusive_lock
from staging_copy.models import Copy, DryRun

logger = logging.getLogger(__name__)


def check_again(*, copy: Copy) -> Copy:
    """Runs the check of a copy again. Raises AlreadyRunning; other failures are recorded on the copy."""
    config = Config.from_settings()
    with exclusive_lock(config):
        check(config, copy, journal_of(copy), fresh=True)
    copy.refresh_from_db()
    return copy


def answer_check(*, copy: Copy, yes: bool, by: User | None) -> Copy:
    """Answers a check's question: deletes or keeps the missing items. Raises AlreadyRunning, ValueError."""
    config = Config.from_settings()
    with exclusive_lock(config):
        copy.refresh_from_db()
        if copy.state != Copy.State.ASKING:
            raise ValueError(_("The question about %(copy)s has already been answered.") % {"copy": copy})
        record_audit_event(user=by, action="copy.answer", target=copy, yes=yes)
        check(config, copy, journal_of(copy), answer=yes, by=str(by or _("the command line")))
    copy.refresh_from_db()
    return copy


def check(
    config: Config,
    copy: Copy,
    record: journal.Journal,
    *,
    fresh: bool = False,
    answer: bool | None = None,
    by: str = "",
) -> None:
    """Checks staging and records the result. Call it under the lock."""
    checked: dict[str, int] = {}

    def on_progress(what: str, count: int) -> None:
        checked[what] = count
        Copy.objects.filter(pk=copy.pk).update(progress=checked)

    Copy.objects.filter(pk=copy.pk).update(state=Copy.State.CHECKING, stage="check", problem="", requested_action="")
    try:
        question = process.run(config, record, fresh=fresh, answer=answer, by=by, on_progress=on_progress)
    except CheckFailed as error:
        logger.error("%s: %s", copy, error)
        state, question, problem = Copy.State.UNCHECKED, [], str(error)
    else:
        state, problem = Copy.State.ASKING if question else Copy.State.DONE, ""
    report = record.report() | {"check": record.check()}
    record.save_report(report)
    Copy.objects.filter(pk=copy.pk).update(report=report, question=question)
    finish(copy, state, problem)
    if state == Copy.State.DONE:
        rows = sum(table["rows_on_staging"] for table in report.get("tables", []))
        message = _("Live-to-staging %(copy)s is done: %(rows)s rows. Staging is checked and syncs again.")
        announce(
            key=f"staging_copy:{copy.pk}:done",
            message=message % {"copy": copy, "rows": f"{rows:,}"},
            now=timezone.now(),
        )


def finish(copy: Copy, state: str, problem: str = "") -> None:
    Copy.objects.filter(pk=copy.pk).update(state=state, finished_at=timezone.now(), problem=problem)


def journal_of(copy: Copy | DryRun) -> journal.Journal:
    return journal.Journal(Path(settings.STAGING_COPY_JOURNAL_DIR) / copy.journal)
