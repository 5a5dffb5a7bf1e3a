"""Who belongs to a seller: invitations, roles, removal, transfer of ownership (A1).

A seller always keeps an owner. Functions raise ValidationError with a text for people. They lock the seller's row, so
that two owners can't remove each other at the same time.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiKey, AuditEvent, Invitation, Membership, Seller, User
from accounts.services import hash_key, record_audit_event, set_verified_email

# Unanswered invitations of a seller at a time, those sent in a day (withdrawn ones too), and the time between two
# emails of one, so that nobody sends mass mail.
MAX_OPEN_INVITATIONS = 30
MAX_INVITATIONS_PER_DAY = 30
RESEND_AFTER = timedelta(minutes=1)
ASK_AGAIN_AFTER = timedelta(days=1)


@contextmanager
def _locked(seller: Seller) -> Iterator[None]:
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        yield


def open_invitations(seller: Seller) -> list[Invitation]:
    """Invitations that were not accepted or withdrawn, expired ones included, newest first."""
    rows = Invitation.objects.filter(seller=seller, accepted_at=None, withdrawn_at=None)
    return list(rows.select_related("invited_by").order_by("-created_at"))


def invite(*, seller: Seller, email: str, role: str, days: int, by: User) -> tuple[Invitation, str]:
    """An invitation, and its token, which is stored as a hash only. The caller sends the email."""
    email = email.strip().lower()
    with _locked(seller):
        waiting = Invitation.objects.filter(seller=seller, accepted_at=None, withdrawn_at=None)
        if Membership.objects.filter(seller=seller, user__email__iexact=email).exists():
            raise ValidationError({"email": _("This person is already a member of the team.")})
        if waiting.filter(email=email).exists():
            raise ValidationError({"email": _("This person is already invited. Send the invitation again below.")})
        if waiting.count() >= MAX_OPEN_INVITATIONS:
            raise ValidationError(_("There are too many open invitations. Withdraw some of them."))
        now = timezone.now()
        sent_today = Invitation.objects.filter(seller=seller, sent_at__gt=now - timedelta(days=1))
        if sent_today.count() >= MAX_INVITATIONS_PER_DAY:
            raise ValidationError(_("Your team has sent too many invitations today. Try again tomorrow."))
        token = secrets.token_urlsafe(32)
        invitation = Invitation.objects.create(
            seller=seller,
            email=email,
            role=role,
            invited_by=by,
            token_hash=hash_key(token),
            sent_at=now,
            expires_at=now + timedelta(days=days),
        )
        record_audit_event(
            user=by, action="invitation.add", target=f"invitation {invitation.pk}", seller=seller, role=role
        )
    return invitation, token


@transaction.atomic
def renew_invitation(*, invitation: Invitation, by: User) -> str:
    """A new token, valid as long as the first one was. The old link stops working."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    _require_open(invitation)
    now = timezone.now()
    if now - invitation.sent_at < RESEND_AFTER:
        raise ValidationError(_("This invitation has just been sent. Wait a minute."))
    token = secrets.token_urlsafe(32)
    invitation.expires_at = now + (invitation.expires_at - invitation.sent_at)
    invitation.sent_at = now
    invitation.token_hash = hash_key(token)
    invitation.save(update_fields=["expires_at", "sent_at", "token_hash"])
    record_audit_event(
        user=by, action="invitation.resend", target=f"invitation {invitation.pk}", seller=invitation.seller
    )
    return token


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User) -> None:
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    _require_open(invitation)
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    record_audit_event(
        user=by, action="invitation.withdraw", target=f"invitation {invitation.pk}", seller=invitation.seller
    )


def withdraw_invitations_of(*, user: User, seller: Seller, by: User) -> None:
    """Withdraw what somebody has sent who is no longer an owner."""
    for invitation in Invitation.objects.filter(seller=seller, invited_by=user, accepted_at=None, withdrawn_at=None):
        withdraw_invitation(invitation=invitation, by=by)


def _require_open(invitation: Invitation) -> None:
    if invitation.accepted_at or invitation.withdrawn_at:
        raise ValidationError(_("This invitation has already been accepted or withdrawn."))


def find_invitation(token: str, *, now: datetime | None = None) -> Invitation | None:
    """The invitation with this token, if it can be accepted."""
    return (
        Invitation.objects.select_related("seller", "invited_by")
        .filter(token_hash=hash_key(token), accepted_at=None, withdrawn_at=None)
        .filter(expires_at__gt=now or timezone.now())
        .exclude(seller__status=Seller.Status.DELETED)
        .first()
    )


def create_invited_user(*, invitation: Invitation, name: str, password: str) -> User:
    """An account for an invited person who has none. The link proves that the address is theirs."""
    validate_password(password, User(email=invitation.email, name=name))
    try:
        with transaction.atomic():
            user: User = User.objects.create_user(invitation.email, password, name=name)
            set_verified_email(user=user)
    except IntegrityError as error:  # the form was sent twice
        raise ValidationError(_("You already have an account. Log in, then open the link again.")) from error
    return user


def accept_invitation(*, invitation: Invitation, user: User) -> None:
    """Make the invited person a member. ValidationError for anybody else, or if it is no longer valid."""
    with _locked(invitation.seller):
        invitation = Invitation.objects.select_related("seller").select_for_update(of=("self",)).get(pk=invitation.pk)
        _require_open(invitation)
        if invitation.expires_at <= timezone.now() or invitation.seller.status == Seller.Status.DELETED:
            raise ValidationError(_("This invitation is no longer valid. Ask for a new one."))
        if user.email.lower() != invitation.email:
            raise ValidationError(_("This invitation is for another email address."))
        Membership.objects.get_or_create(user=user, seller=invitation.seller, defaults={"role": invitation.role})
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        record_audit_event(
            user=user,
            action="invitation.accept",
            target=f"user {user.pk}",
            seller=invitation.seller,
            role=invitation.role,
        )


def change_role(*, member: Membership, role: str, by: User) -> None:
    with _locked(member.seller):
        if role != Membership.Role.OWNER:
            _require_another_owner(member)
        Membership.objects.filter(pk=member.pk).update(role=role)
        if role != Membership.Role.OWNER:
            withdraw_invitations_of(user=member.user, seller=member.seller, by=by)
        record_audit_event(
            user=by, action="membership.change", target=f"user {member.user_id}", seller=member.seller, role=role
        )


def remove_member(*, member: Membership, by: User) -> None:
    """End a membership; the person's API keys for this seller are revoked."""
    with _locked(member.seller):
        _require_another_owner(member)
        Membership.objects.filter(pk=member.pk).delete()
        withdraw_invitations_of(user=member.user, seller=member.seller, by=by)
        ApiKey.objects.filter(user=member.user_id, seller=member.seller, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        record_audit_event(user=by, action="membership.delete", target=f"user {member.user_id}", seller=member.seller)


def transfer_ownership(*, seller: Seller, to: Membership, by: User) -> None:
    """Make another active member owner, and the present owner `by` a member."""
    with _locked(seller):
        if not Membership.objects.filter(pk=to.pk, seller=seller, user__is_active=True).exists():
            raise ValidationError(_("This person can't become owner: they are no longer an active member of the team."))
        Membership.objects.filter(pk=to.pk).update(role=Membership.Role.OWNER)
        if to.user_id != by.pk:
            Membership.objects.filter(seller=seller, user=by).update(role=Membership.Role.MEMBER)
            withdraw_invitations_of(user=by, seller=seller, by=by)
        record_audit_event(user=by, action="ownership.transfer", target=f"user {to.user_id}", seller=seller)


def ask_for_access(*, member: Membership) -> list[str]:
    """Record that a viewer wants to change data. Returns the owners' addresses, for the email."""
    recently = AuditEvent.objects.filter(
        user=member.user, seller=member.seller, action="access.ask", at__gt=timezone.now() - ASK_AGAIN_AFTER
    )
    if recently.exists():
        raise ValidationError(_("You have already asked today."))
    record_audit_event(user=member.user, action="access.ask", target=f"user {member.user_id}", seller=member.seller)
    owners = Membership.objects.filter(seller=member.seller, role=Membership.Role.OWNER, user__is_active=True)
    return list(owners.order_by("user__email").values_list("user__email", flat=True))


def _require_another_owner(member: Membership) -> None:
    """Call it under the lock. The role is read again: it may have changed since the page was loaded."""
    owns = Membership.objects.filter(pk=member.pk, role=Membership.Role.OWNER).exists()
    others = Membership.objects.filter(~Q(pk=member.pk), seller=member.seller, role=Membership.Role.OWNER)
    if owns and not others.filter(user__is_active=True).exists():
        raise ValidationError(_("A team needs an owner. Make somebody else owner first."))
