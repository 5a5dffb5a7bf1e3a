"""Dates that read the same in every country, 24-hour times, weeks that start on Monday. Forms use ISO 8601 dates."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"
FIRST_DAY_OF_WEEK = 1
# Formats of ours.
DAY_FORMAT = "j M"
TIME_WITH_SECONDS_FORMAT = "H:i:s"
DATETIME_WITH_SECONDS_FORMAT = "j M Y, H:i:s"
