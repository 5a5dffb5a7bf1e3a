"""The progress of a check, restored from its journal so that a killed check continues where it stopped."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from staging_copy.checking.tally import Tally
from staging_copy.copying.journal import Journal


class CheckProgress:
    """The progress of a check. Each step is written to disk before it takes effect."""

    def __init__(self, record: Journal) -> None:
        self.record = record
        self.started = False
        # The result of a transaction that deletes the findings: it was committed if, and only if, they are gone.
        self.result: dict[str, Any] | None = None
        self._places: dict[tuple[int, str], tuple[str, int]] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        for event in record.events():
            self._apply(event)

    def start(self, shops: Sequence[str]) -> None:
        self._write("check begun", shops=shops)

    def position(self, connection: int, link_kind: str) -> tuple[str, int]:
        """The last ID looked up for a connection and kind, and the number of IDs so far."""
        return self._places.get((connection, link_kind), ("", 0))

    def record_lookup(self, connection: int, link_kind: str, after: str, checked: int) -> None:
        self._write("looked up", connection=connection, kind=link_kind, after=after, checked=checked)

    def tally(self, shop: str, kind: str) -> Tally | None:
        """The tally of a shop and kind; None if the shop was not completely checked for this kind."""
        return self._tallies.get((shop, kind))

    def asked(self, shop: str, kind: str, tally: Tally) -> None:
        self._write("asked", shop=shop, kind=kind, tally=asdict(tally))

    def concluding(self, result: dict[str, Any]) -> None:
        """Records the result. Call it just before the commit."""
        self._write("concluding", result=result)

    def _write(self, event: str, **fields: Any) -> None:
        self.record.write(event, **fields)
        self._apply({"event": event, **fields})

    def _apply(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "check begun":
                self.started, self.result = True, None
                self._places.clear()
                self._tallies.clear()
            case "looked up":
                self._places[event["connection"], event["kind"]] = event["after"], event["checked"]
            case "asked":
                self._tallies[event["shop"], event["kind"]] = Tally(**event["tally"])
            case "concluding":
                self.result = event["result"]
