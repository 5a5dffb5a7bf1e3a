"""Durations as pages show them."""

from datetime import timedelta

from django.utils.translation import gettext as _


def format_duration(length: timedelta) -> str:
    """`< 1 s`, `42 s`, `3 min 5 s`, `15 min`, `2 h 10 min`."""
    if length < timedelta(seconds=1):
        return _("< 1 s")
    total = round(length.total_seconds())
    hours, minutes, seconds = total // 3600, total // 60 % 60, total % 60
    values = {"hours": hours, "minutes": minutes, "seconds": seconds}
    if hours:
        return (_("%(hours)d h %(minutes)d min") if minutes else _("%(hours)d h")) % values
    if minutes:
        return (_("%(minutes)d min %(seconds)d s") if seconds else _("%(minutes)d min")) % values
    return _("%(seconds)d s") % values
