"""How a person reads dates and numbers: chosen, or that of the browser. Texts stay English.

A region is the language code of a folder in synccenter/formats: English with the formats of a country.
"""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header

from accounts.models import User

REGIONS = [
    ("", _("As the browser")),
    ("en", "1,234.56 · 30 Nov 2026, 14:05"),
    ("en-us", "1,234.56 · Nov 30, 2026, 2:05 PM"),
    ("en-de", "1.234,56 · 30 Nov 2026, 14:05"),
    ("en-fr", "1 234,56 · 30 Nov 2026, 14:05"),
    ("en-ch", "1’234.56 · 30 Nov 2026, 14:05"),
]
_DOTS = ("da", "de", "el", "es", "id", "it", "nl", "pt", "ro", "sl", "tr")
_SPACES = ("bg", "cs", "fi", "fr", "hu", "nb", "nn", "no", "pl", "ru", "sk", "sv", "uk")
_EXCEPTIONS = {"en-us": "en-us", "de-ch": "en-ch", "fr-ch": "en-ch", "it-ch": "en-ch", "de-li": "en-ch", "es-mx": "en"}


def region_of(request: HttpRequest) -> str:
    """The region of the request's user: the chosen one, else by the first language of the browser."""
    if isinstance(request.user, User) and request.user.region:
        return request.user.region
    wanted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    first = wanted[0][0] if wanted else "en"
    if first in _EXCEPTIONS:
        return _EXCEPTIONS[first]
    language = first.partition("-")[0]
    return "en-de" if language in _DOTS else "en-fr" if language in _SPACES else "en"


def time_zone_of(user: User, default: str) -> ZoneInfo:
    """The user's time zone, else the default; UTC if this machine does not know its name."""
    try:
        return ZoneInfo(user.time_zone or default)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
