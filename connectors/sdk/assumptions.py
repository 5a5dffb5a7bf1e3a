"""What an adapter assumes about a platform where the vendor's documentation is silent or ambiguous (V6).

"Test connection" runs the check of each assumption against the real account. What it finds is stored with the
connection and shown to people; nothing is changed by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Any

from connectors.sdk.errors import ConnectorError

if TYPE_CHECKING:
    from connectors.sdk.adapter import Adapter


class AssumptionState(StrEnum):
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `evidence` is a sentence for people, without personal data. `settings` are the values of the
    connection's settings that a refuted assumption calls for; a person decides about them."""

    state: AssumptionState
    evidence: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def confirmed(evidence: str) -> Finding:
    return Finding(AssumptionState.CONFIRMED, evidence)


def refuted(evidence: str, **settings: Any) -> Finding:
    return Finding(AssumptionState.REFUTED, evidence, settings)


def unknown(evidence: str) -> Finding:
    return Finding(AssumptionState.UNKNOWN, evidence)


NOT_TESTABLE = "Only a call that writes could show it, and the connection test only reads."
TOO_SLOW = "Not tested, because the platform answered too slowly. Test the connection again."


@dataclass(frozen=True, slots=True)
class Assumption:
    """`key` is stored. `text` says what is assumed; the platform's page in docs/ lists it with the key.

    `check` gets the adapter's client and may only read, also where the platform reads with POST. It may raise
    ConnectorError: the assumption is then unknown. None if reading cannot show it.
    """

    key: str
    text: str
    check: Callable[[Any], Finding] | None = None


def check_assumptions(adapter: "Adapter[Any]", *, seconds: float) -> dict[str, Finding]:
    """The finding of each of the adapter's assumptions, by key. Makes calls for at most about `seconds`."""
    end = monotonic() + seconds
    return {each.key: _test(each, adapter, end - monotonic()) for each in adapter.assumptions}


def _test(assumption: Assumption, adapter: "Adapter[Any]", seconds: float) -> Finding:
    if assumption.check is None:
        return unknown(NOT_TESTABLE)
    if seconds <= 0:
        return unknown(TOO_SLOW)
    adapter.http.deadline = min(adapter.http.deadline, seconds)
    try:
        return assumption.check(adapter.client)
    except ConnectorError as error:
        return unknown(f"The test of it failed: {error}")
