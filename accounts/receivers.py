"""Records in the audit log what people change about their own accounts."""

from typing import Any

from allauth.account.signals import email_changed, password_reset, password_set
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.dispatch import receiver

from accounts.services import record_audit_event


def audit(*, action: str, user: Any, **detail: Any) -> None:
    record_audit_event(user=user, action=action, target=f"user {user.pk}", **detail)


@receiver(authenticator_added)
def second_factor_added(user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit(action="second_factor.add", user=user, type=authenticator.type)


@receiver(authenticator_removed)
def second_factor_removed(user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit(action="second_factor.remove", user=user, type=authenticator.type)


@receiver(authenticator_reset)
def recovery_codes_created(user: Any, authenticator: Any, **kwargs: Any) -> None:
    audit(action="second_factor.reset", user=user, type=authenticator.type)


@receiver(authentication_failed)
def second_factor_failed(user: Any, **kwargs: Any) -> None:
    audit(action="second_factor.failed", user=user)


@receiver(password_reset)
def password_was_reset(user: Any, **kwargs: Any) -> None:
    audit(action="password.reset", user=user)


@receiver(password_set)
def password_was_set(user: Any, **kwargs: Any) -> None:
    audit(action="password.change", user=user)


@receiver(email_changed)
def email_was_changed(user: Any, **kwargs: Any) -> None:
    audit(action="email.change", user=user)
