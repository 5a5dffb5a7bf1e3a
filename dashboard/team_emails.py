"""Emails about a seller's team. Each returns False if the mail server did not accept it."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.mail import create_email
from accounts.models import Invitation, Membership

logger = logging.getLogger(__name__)


def send_invitation(*, invitation: Invitation, token: str) -> bool:
    context = {
        "invitation": invitation,
        "url": settings.PUBLIC_URL + reverse("accept_invitation", args=[token]),
    }
    subject = _("Invitation to %(seller)s on SyncCenter") % {"seller": invitation.seller}
    text = render_to_string("email/invitation.txt", context)
    return _send([create_email(to=invitation.email, subject=subject, text=text)])


def send_access_request(*, member: Membership, owners: list[str]) -> bool:
    context = {"member": member, "url": settings.PUBLIC_URL + reverse("dashboard:team", args=[member.seller.slug])}
    subject = _("%(person)s requests more access to %(seller)s") % {"person": member.user, "seller": member.seller}
    text = render_to_string("email/access_request.txt", context)
    return _send([create_email(to=owner, subject=subject, text=text) for owner in owners])


def _send(emails: list[EmailMultiAlternatives]) -> bool:
    try:
        for email in emails:
            email.send()
    except (SMTPException, OSError):
        logger.exception("An email about a team could not be sent")
        return False
    return bool(emails)
