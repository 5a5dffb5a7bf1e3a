"""A log formatter that masks the tokens in webhook URLs, which are credentials."""

import logging
import re

_TOKEN = re.compile(r"(/webhooks/)[^\s/?\"']{16,}")


class Formatter(logging.Formatter):
    """Masks tokens anywhere in the line: paths, error messages, tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub(r"\1•••", super().format(record))
