"""What can go wrong with a remote call, named by what helps. Anything else is a bug of ours."""

from datetime import datetime


class ConnectorError(Exception):
    """Base of the three. The text is for a person and never holds a secret or personal data."""


class TryAgainLater(ConnectorError):
    """It will pass: overload, network, maintenance. `not_before` is the vendor's own word (UTC), if it gave one.

    `sent` tells whether the request may have been carried out all the same.
    """

    def __init__(self, message: str, *, not_before: datetime | None = None, sent: bool = True) -> None:
        super().__init__(message)
        self.not_before = not_before
        self.sent = sent


class Queued(TryAgainLater):
    """The target took it, and will say later what became of it: by a callback (contract.Receipt), or to whoever looks
    at `not_before`. Nothing failed.
    """


class NeedsAttention(ConnectorError):
    """Nothing will go until a person acts: credentials, permissions, configuration. The job pauses.

    `status` is that of the answer, if there was one: who logs in by tokens gets a new one after a 401.
    """

    def __init__(self, message: str, *, fix: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.fix = fix
        self.status = status


class SkipRecord(ConnectorError):
    """This item cannot go as it is; the others can. Becomes an issue that a merchant reads."""

    def __init__(self, message: str, *, code: str = "refused", fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.fix = fix


class BatchRefused(ConnectorError):
    """The target refused a batch as a whole. `item_errors` are the positions that it named; none: send them singly."""

    def __init__(self, message: str, *, item_errors: dict[int, str] | None = None, code: str = "refused") -> None:
        super().__init__(message)
        self.item_errors = item_errors or {}
        self.code = code


class NoSuchLog(ConnectorError):
    """The target keeps no such sync log, or not any more: it has to be told from the start."""
