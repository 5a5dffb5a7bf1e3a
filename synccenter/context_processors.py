"""Template context about the installation."""

from django.conf import settings
from django.http import HttpRequest


def environment(request: HttpRequest) -> dict[str, object]:
    """Adds `installation` (live, staging or development) for the banner.

    It is not named `environment`, because the admin theme uses that name.
    """
    return {"installation": settings.ENVIRONMENT}
