"""What every template may know about the installation."""

from django.conf import settings
from django.http import HttpRequest


def environment(request: HttpRequest) -> dict[str, object]:
    """`installation`: live, staging or development, for the banner that tells them apart.

    Not `environment`: in the console that is Unfold's badge.
    """
    return {"installation": settings.ENVIRONMENT}
