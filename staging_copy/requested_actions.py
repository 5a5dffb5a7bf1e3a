"""Actions on copies: the admin records the request, and the copier, which holds the lock, carries it out."""

import logging

import psycopg2
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event as audit
from hub import lanes
from staging_copy import services
from staging_copy.copying import target
from staging_copy.copying.journal import AlreadyRunning
from staging_copy.models import Copy

logger = logging.getLogger(__name__)

COPY_TASK = "staging_copy.run_due_copies"
BACKUP_TASK = "staging_copy.back_up_now"
State, Action = Copy.State, Copy.Action
# The states in which each action is allowed.
ALLOWED_STATES = {
    Action.CANCEL: (State.PLANNED, State.RUNNING),
    Action.YES: (State.ASKING,),
    Action.NO: (State.ASKING,),
    Action.CHECK: Copy.IN_PLACE,
    Action.ROLL_BACK: (*Copy.IN_PLACE, State.ROLLED_BACK),
}


def is_available(copy: Copy, requested_action: str) -> bool:
    """Whether the action is allowed in the copy's state. All actions except cancel are for the latest copy only."""
    if copy.requested_action or copy.state not in ALLOWED_STATES[Action(requested_action)]:
        return False
    return requested_action == Action.CANCEL or services.latest_in_place() == copy


@transaction.atomic
def request_action(*, copy: Copy, requested_action: str, by: User) -> None:
    """Records the requested action and notifies the copier. Raises ValueError if the copy's state does not allow it."""
    if requested_action == Action.CANCEL and services.cancel_copy(copy=copy, by=by):
        return
    available = Copy.objects.filter(pk=copy.pk, state__in=ALLOWED_STATES[Action(requested_action)], requested_action="")
    if not is_available(copy, requested_action) or not available.update(
        requested_action=requested_action, action_requested_by=by
    ):
        copy.refresh_from_db()
        message = _("This action isn't available for %(copy)s. Current status: %(state)s.")
        raise ValueError(message % {"copy": copy, "state": copy.get_state_display()})
    audit(user=by, action=f"copy.want.{requested_action}", target=copy)
    transaction.on_commit(lambda: lanes.notify_workers(COPY_TASK))


def run_requested() -> int:
    """Carries out requested actions on copies that are not running; returns how many. Called by the copier."""
    done = 0
    for copy in (
        Copy.objects.exclude(requested_action="").exclude(state=State.RUNNING).select_related("action_requested_by")
    ):
        try:
            _run_action(copy)
        except AlreadyRunning:
            break
        except (ValueError, target.WrongTarget, psycopg2.Error) as error:
            logger.error("%s: %s", copy, error)
            Copy.objects.filter(pk=copy.pk).update(problem=str(error))
        Copy.objects.filter(pk=copy.pk).update(requested_action="")
        done += 1
    return done


def _run_action(copy: Copy) -> None:
    match copy.requested_action:
        case Action.YES | Action.NO:
            services.answer_check(copy=copy, yes=copy.requested_action == Action.YES, by=copy.action_requested_by)
        case Action.CHECK:
            services.check_again(copy=copy)
        case Action.ROLL_BACK:
            services.rollback(copy=copy, by=copy.action_requested_by)
