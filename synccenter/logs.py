"""Log formatters. Both mask the tokens in the URLs of webhooks and of emails, which are credentials, and what may be
personal: email addresses (IDs of customers in URLs of the API, for example), values in errors of PostgreSQL, and values
that an error quotes in a traceback (O1).

Both write control characters in messages as escapes: a text from outside can't look like another line of the log.
"""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from common import log_context
from common.error_references import error_reference

_TOKEN = re.compile(r"(/(?:webhooks|account/invitation|account/email|account/password/reset)/)[^\s/?\"']{16,}")
# PostgreSQL tells the values of a row that it refuses, or the row itself, in these parts of its message.
_VALUES = re.compile(r"((?:DETAIL|CONTEXT):  ).+")
# Not the names of Celery's workers.
_ADDRESS = re.compile(r"\b(?!(?:beat|celery|copier|worker)@)[\w.+%-]{1,64}@(?:[\w-]{1,63}\.)+[a-z]{2,}", re.IGNORECASE)

# The lines of a traceback that say what is wrong: places and lines of code are indented.
_SAID = re.compile(r"^(?:\S|  (?! |File )).*", re.MULTILINE)
# A value in them, such as a name that is no number; an apostrophe within a word quotes nothing. What looks like a name
# of the code stays, and so does a value in lower case that looks like one.
_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\n]|'(?=\w))*'(?! object)|"(?:[^"\n]|"(?=\w))*")(?!\w)""")
_OF_CODE = re.compile(r"""['"](?:(?!.*(?:\d{5}|[0-9a-f]{16}))[a-z_<./][a-z0-9_.:/<>-]*)?['"]""")

# Line breaks (of Unicode too) and what terminals take for commands, except for the tab.
_CONTROLS = {
    code: ascii(chr(code))[1:-1] for code in (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029) if chr(code) != "\t"
}


def masked(text: str) -> str:
    """The text without the tokens of URLs, email addresses, and values of rows."""
    return _ADDRESS.sub("•••", _VALUES.sub(r"\1•••", _TOKEN.sub(r"\1•••", text)))


def _without_values(traceback: str) -> str:
    """A traceback without the values that its errors quote."""

    def shown(quoted: re.Match[str]) -> str:
        return quoted[0] if _OF_CODE.fullmatch(quoted[0]) else "•••"

    return _SAID.sub(lambda line: _QUOTED.sub(shown, line[0]), traceback)


class Formatter(logging.Formatter):
    """Masks anywhere in the line: paths, error messages, tracebacks. After a traceback comes its reference."""

    def formatException(self, ei: Any) -> str:
        text = _without_values(super().formatException(ei))
        return text if ei[1] is None else f"{text}\nReference: {error_reference(ei[1])}"

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).translate(_CONTROLS)

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class JSONFormatter(JsonFormatter):
    """A JSON object a line: `time`, `level`, `logger`, `message`, what is being worked on, `exc_info`, `reference`."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False, timestamp=False)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Nothing else of the record: its other attributes may hold anything, a request's headers for example."""
        log_data["time"] = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{record.msecs:03.0f}Z"
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = masked(record.getMessage())
        log_data |= log_context.current()
        if record.exc_info:
            log_data["exc_info"] = masked(_without_values(str(self.formatException(record.exc_info))))
            if record.exc_info[1] is not None:
                log_data["reference"] = error_reference(record.exc_info[1])
