"""Emails to people: plain text, and the same as HTML."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def create_email(*, to: str, subject: str, text: str) -> EmailMultiAlternatives:
    """An email that is not sent yet. URLs in `text` become links in HTML; empty lines separate paragraphs."""
    text = text.strip() + "\n"
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[to])
    context = {"subject": subject, "text": text, "installation": settings.ENVIRONMENT}
    message.attach_alternative(render_to_string("email/message.html", context), "text/html")
    return message
