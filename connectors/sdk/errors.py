"""Exceptions for calls to platforms, named after the remedy. Any other exception is a bug."""

from collections.abc import Mapping
from datetime import datetime

from hub.records import Problem
from synclog import issue_catalog


class ConnectorError(Exception):
    """The base class. The text is shown to people, so it must not contain secrets or personal data."""


class TryAgainLater(ConnectorError):
    """A temporary error: overload, network, maintenance. `not_before` (UTC) is the vendor's retry time, if given.

    `sent`: whether the request may have been processed nevertheless. `status`: the HTTP status, 0 without a response.
    """

    def __init__(self, message: str, *, not_before: datetime | None = None, sent: bool = True, status: int = 0) -> None:
        super().__init__(message)
        self.not_before = not_before
        self.sent = sent
        self.status = status


class Queued(TryAgainLater):
    """Not a failure: the target has queued the item.

    The result comes later, pushed as a `webhooks.Receipt`, or polled with `streams.PolledReceipts`, not before
    `not_before` (UTC). `receipt_id` is the target's ID of the request, of at most 200 characters.
    """

    def __init__(self, message: str, *, not_before: datetime | None = None, receipt_id: str = "") -> None:
        super().__init__(message, not_before=not_before)
        self.receipt_id = receipt_id


class ListingRepeats(ConnectorError):
    """A listing returned something that it had returned before, so it would never end.

    The run fails with this text, and the next one starts from the beginning.
    """


class CollectionAbsent(ConnectorError):
    """The system says that it does not have a collection of which items were imported before.

    The run fails with this text. A server that is being replaced may say so for a while, so the job is not paused.
    """


class NeedsAttention(ConnectorError):
    """An error that only a person can fix: credentials, permissions, configuration. The job is paused.

    `fix` says what to do; `status` is the HTTP status, 0 without a response.
    """

    def __init__(self, message: str, *, fix: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.fix = fix
        self.status = status


class SkipRecord(ConnectorError):
    """This item cannot be sent as it is, but others can. Its problem becomes an issue for the merchant.

    The exception's own text and `fix` do not contain the platform's name; the issue does.
    """

    def __init__(self, problem: Problem) -> None:
        message, self.fix = issue_catalog.render(problem, platform="The platform")
        super().__init__(message)
        self.problem = problem


class BatchRejected(ConnectorError):
    """The target rejected a whole batch. `item_errors`: position in the batch → the problem with that item; if empty,
    the engine sends the items one by one."""

    def __init__(self, message: str, *, item_errors: Mapping[int, Problem] | None = None) -> None:
        super().__init__(message)
        self.item_errors = dict(item_errors or {})


class SyncLogMissing(ConnectorError):
    """The target does not have this sync log, or no longer has it: it has to be started again."""
