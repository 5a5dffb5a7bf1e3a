"""What every template may know about the installation."""

from django.conf import settings
from django.http import HttpRequest


def environment(request: HttpRequest) -> dict[str, object]:
    """`environment`: live, staging or development, for the banner that tells them apart."""
    return {"environment": settings.ENVIRONMENT}
