"""Month first, 12-hour times, weeks that start on Sunday."""

DATE_FORMAT = "M j, Y"
TIME_FORMAT = "g:i A"
DATETIME_FORMAT = "M j, Y, g:i A"
SHORT_DATE_FORMAT = "M j, Y"
SHORT_DATETIME_FORMAT = "M j, Y, g:i A"
FIRST_DAY_OF_WEEK = 0
DAY_FORMAT = "M j"
TIME_WITH_SECONDS_FORMAT = "g:i:s A"
DATETIME_WITH_SECONDS_FORMAT = "M j, Y, g:i:s A"
