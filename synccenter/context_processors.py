"""Template context about the installation."""

from django.conf import settings
from django.http import HttpRequest


def environment(request: HttpRequest) -> dict[str, object]:
    """Adds `installation` (live, staging or development) for the banner, and `support_contact`; empty if unknown.

    The first is not named `environment`, because the admin theme uses that name.
    """
    return {"installation": settings.ENVIRONMENT, "support_contact": settings.SUPPORT_CONTACT}
