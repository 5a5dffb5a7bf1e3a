"""Lines of the log, without the tokens of webhook addresses: whoever has one can send to it."""

import logging
import re

_TOKEN = re.compile(r"(/webhooks/)[^\s/?\"']{16,}")


class Formatter(logging.Formatter):
    """Masks whatever part of the line a token stands in: path, message of an error, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub(r"\1•••", super().format(record))
