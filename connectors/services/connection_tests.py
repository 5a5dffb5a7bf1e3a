"""The connection test: does the account answer, and which assumptions about it are right (V6)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.adapters.factory import open_adapter
from connectors.adapters.registry import adapters
from connectors.models import AssumptionResult
from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import Finding, check_assumptions
from connectors.sdk.errors import ConnectorError, NeedsAttention
from hub import clock
from hub.models import Connection, PlatformSwitch

# A person waits for the result.
MAX_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """`answer` is the platform's, `states` how many assumptions have which state."""

    answer: str
    states: Counter[str]


@dataclass(frozen=True, slots=True)
class AssumptionRow:
    """An assumption as pages show it. `result` is None before the first test; `proposals` are pairs of a setting's
    title and the value that it should have."""

    key: str
    text: str
    result: AssumptionResult | None
    proposals: Sequence[tuple[str, Any]]


def check_connection(*, connection: Connection) -> ConnectionTest:
    """Verify URL and credentials with the cheapest API call, then test the adapter's assumptions, and store the result.

    Raises ConnectorError if the account does not answer as it should. Only reads. A paused connection is not called
    either: on staging its URL may still be that of the live account (N5).
    """
    if reason := why_not_called(connection.platform, connection):
        raise NeedsAttention(f"Not tested, because {reason} Resume the connection, then test it.")
    adapter = open_adapter(connection)
    try:
        answer = adapter.check()
        findings = check_assumptions(adapter, seconds=MAX_SECONDS)
    except ConnectorError as error:
        Connection.objects.filter(pk=connection.pk).update(
            state=Connection.State.NEEDS_ATTENTION, state_reason=str(error)
        )
        raise
    finally:
        adapter.http.close()
    Connection.objects.filter(pk=connection.pk).exclude(state=Connection.State.UNINSTALLED).update(
        state=Connection.State.ACTIVE, state_reason=""
    )
    _store(connection, findings)
    return ConnectionTest(answer, Counter(finding.state.value for finding in findings.values()))


def assumption_rows(connection: Connection) -> list[AssumptionRow]:
    """The assumptions of the connection's adapter, with what the latest test found."""
    adapter = adapters().get(connection.platform)
    if adapter is None:
        return []
    results = {each.key: each for each in connection.assumption_results.all()}
    return [
        AssumptionRow(each.key, each.text, results.get(each.key), _proposals(adapter, results.get(each.key)))
        for each in adapter.assumptions
    ]


def _proposals(adapter: type[Adapter[Any]], result: AssumptionResult | None) -> list[tuple[str, Any]]:
    fields = adapter.Settings.model_fields
    return [(fields[name].title or name, value) for name, value in (result.settings if result else {}).items()]


def _store(connection: Connection, findings: dict[str, Finding]) -> None:
    now = clock.now()
    rows = [
        AssumptionResult(
            connection=connection,
            key=key,
            state=finding.state.value,
            evidence=finding.evidence,
            settings=dict(finding.settings),
            tested_at=now,
        )
        for key, finding in findings.items()
    ]
    AssumptionResult.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "key"],
        update_fields=["state", "evidence", "settings", "tested_at"],
    )


def why_not_called(platform: str, connection: Connection | None) -> str:
    """Why the platform, or the connection, must not be called now; empty if it may be."""
    if switch := PlatformSwitch.objects.filter(platform=platform).first():
        return f"the kill switch of its platform is on ({switch.reason})."
    if connection is not None and connection.paused_at is not None:
        return f"it is paused ({connection.pause_reason})."
    return ""
