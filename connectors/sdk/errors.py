"""What can go wrong with a remote call, named by what helps. Anything else is a bug of ours."""

from collections.abc import Mapping
from datetime import datetime

from hub.records import Problem
from synclog import issue_catalog


class ConnectorError(Exception):
    """Base of all. The text is for people and never holds a secret or personal data."""


class TryAgainLater(ConnectorError):
    """It will pass: overload, network, maintenance. `not_before` is the vendor's own word (UTC), if it gave one.

    `sent` tells whether the request may have been carried out all the same; `status` is that of the answer, 0 if none
    came.
    """

    def __init__(self, message: str, *, not_before: datetime | None = None, sent: bool = True, status: int = 0) -> None:
        super().__init__(message)
        self.not_before = not_before
        self.sent = sent
        self.status = status


class Queued(TryAgainLater):
    """The target took the item into a queue of its own; nothing failed.

    What became of it comes later: pushed as a `webhooks.Receipt`, or asked for by `streams.PolledReceipts` from
    `not_before` (UTC) on. `receipt_id` is the target's name for the request, of at most 200 characters.
    """

    def __init__(self, message: str, *, not_before: datetime | None = None, receipt_id: str = "") -> None:
        super().__init__(message, not_before=not_before)
        self.receipt_id = receipt_id


class NeedsAttention(ConnectorError):
    """Nothing will go until a person acts: credentials, permissions, configuration. The job pauses.

    `fix` says what to do; `status` is that of the answer, if there was one.
    """

    def __init__(self, message: str, *, fix: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.fix = fix
        self.status = status


class SkipRecord(ConnectorError):
    """This item cannot go as it is; the others can. Its problem becomes an issue that a merchant reads.

    The exception's own text and `fix` name no platform; those of the issue do.
    """

    def __init__(self, problem: Problem) -> None:
        message, self.fix = issue_catalog.render(problem, platform="The platform")
        super().__init__(message)
        self.problem = problem


class BatchRefused(ConnectorError):
    """The target refused a batch as a whole. `item_errors`: position in the batch → what is wrong with that item; none:
    the engine sends the items one by one."""

    def __init__(self, message: str, *, item_errors: Mapping[int, Problem] | None = None) -> None:
        super().__init__(message)
        self.item_errors = dict(item_errors or {})


class SyncLogMissing(ConnectorError):
    """The target has no such sync log, or no longer: it has to be started again."""
