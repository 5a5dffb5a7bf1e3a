"""What a person wants of a copy: noted by the admin at once, carried out by the copier, who alone holds its lock."""

import logging

import psycopg2
from django.db import transaction

from accounts.models import User
from accounts.services import record as audit
from hub import lanes
from staging_copy import services, target
from staging_copy.journal import AlreadyRunning
from staging_copy.models import Copy

logger = logging.getLogger(__name__)

TASK = "staging_copy.run_due_copies"
BACK_UP = "staging_copy.back_up_now"
State, Wish = Copy.State, Copy.Wish
# In which states each makes sense.
OFFERED = {
    Wish.CANCEL: (State.PLANNED, State.RUNNING),
    Wish.YES: (State.ASKING,),
    Wish.NO: (State.ASKING,),
    Wish.CHECK: Copy.IN_PLACE,
    Wish.ROLL_BACK: (*Copy.IN_PLACE, State.ROLLED_BACK),
}


def is_offered(copy: Copy, wish: str) -> bool:
    """Whether the copy's state leaves room for it; what is about staging itself is for the latest copy only."""
    if copy.wish or copy.state not in OFFERED[Wish(wish)]:
        return False
    return wish == Wish.CANCEL or services.latest_in_place() == copy


@transaction.atomic
def want(*, copy: Copy, wish: str, by: User) -> None:
    """Notes the wish, and nudges the copier. ValueError if the copy's state has no room for it (any more)."""
    if wish == Wish.CANCEL and services.cancel_copy(copy=copy, by=by):
        return
    room = Copy.objects.filter(pk=copy.pk, state__in=OFFERED[Wish(wish)], wish="")
    if not is_offered(copy, wish) or not room.update(wish=wish, wished_by=by):
        copy.refresh_from_db()
        raise ValueError(f"That cannot be done now: {copy} is {copy.get_state_display()}.")
    audit(user=by, action=f"copy.want.{wish}", target=copy)
    transaction.on_commit(lambda: lanes.nudge(TASK))


def carry_out() -> int:
    """Does what is wanted of copies that are not running; returns how much. To be called by the copier."""
    done = 0
    for copy in Copy.objects.exclude(wish="").exclude(state=State.RUNNING).select_related("wished_by"):
        try:
            _carry_out(copy)
        except AlreadyRunning:
            break
        except (ValueError, target.WrongTarget, psycopg2.Error) as error:
            logger.error("%s: %s", copy, error)
            Copy.objects.filter(pk=copy.pk).update(problem=str(error))
        Copy.objects.filter(pk=copy.pk).update(wish="")
        done += 1
    return done


def _carry_out(copy: Copy) -> None:
    match copy.wish:
        case Wish.YES | Wish.NO:
            services.answer_check(copy=copy, yes=copy.wish == Wish.YES, by=copy.wished_by)
        case Wish.CHECK:
            services.check_again(copy=copy)
        case Wish.ROLL_BACK:
            services.rollback(copy=copy, by=copy.wished_by)
