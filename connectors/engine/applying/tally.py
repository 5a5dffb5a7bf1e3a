"""Counts what became of the records of a page."""

from dataclasses import dataclass, field

from hub.models import RunCounter


@dataclass(slots=True)
class Tally:
    """The counts of a page; `kinds` has them for each kind, with categories counted per storefront (B10)."""

    read: int = 0
    created: int = 0
    updated: int = 0
    disabled: int = 0
    unchanged: int = 0
    skipped: int = 0
    kinds: "dict[str, Tally]" = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        for name, number in other.as_counts().items():
            setattr(self, name, getattr(self, name) + number)

    def as_counts(self) -> dict[RunCounter.Outcome, int]:
        return {RunCounter.Outcome(name): getattr(self, name) for name in self.__slots__ if name != "kinds"}
