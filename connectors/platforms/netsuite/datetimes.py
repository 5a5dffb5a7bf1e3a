"""Times as SuiteQL compares them: those of the user that we sign in as."""

from datetime import datetime
from zoneinfo import ZoneInfo


def changed_since_condition(column: str, since: datetime, time_zone: str) -> str:
    """The condition that something changed at that time (aware) or later. In the hour that a clock shows twice, more
    is read than needed."""
    local = since.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M:%S")
    return f"{column} >= TO_TIMESTAMP('{local}', 'YYYY-MM-DD HH24:MI:SS')"
