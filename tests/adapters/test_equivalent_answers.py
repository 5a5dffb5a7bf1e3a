"""Answers that mean the same are read as the same, whatever a platform's serializer makes of a value (C4)."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest

from connectors.adapters.registry import adapters
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.records import Record
from hub.kinds import DataType
from tests.adapters.reading import SMALL_PAGES, first_page
from tests.adapters.replaying import Replayer

Open = Callable[..., Adapter[Any]]
Change = Callable[[str, Any], Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DIGITS = re.compile(r"0|[1-9]\d{0,14}")
# Names of IDs and cursors, which nobody writes as 5.0.
_ID = re.compile(r"(id|ID|ids|key|code|after|next|number|categories)$")
# GraphQL, whose answers have the types of the schema.
TYPED = {"shopify", "vendure"}


def as_text(name: str, value: Any) -> Any:
    """Numbers as text, flags as numbers, times with an offset, null instead of an empty text."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and _TIME.fullmatch(value):
        return f"{value[:-1]}+00:00"
    return None if value == "" else value


def as_numbers(name: str, value: Any) -> Any:
    """Text of digits as a number, whole numbers as decimals, flags as text, times with a fraction."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return value if _ID.search(name) else float(value)
    if isinstance(value, str) and _TIME.fullmatch(value):
        return f"{value[:-1]}.000Z"
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def no_empty_list(name: str, value: Any) -> Any:
    return None if value == [] else value


def changed(value: Any, change: Change, name: str = "") -> Any:
    match value:
        case dict():
            return {each: changed(inner, change, each) for each, inner in value.items()}
        case list() if value:
            return [changed(inner, change, name) for inner in value]
    return change(name, value)


def reread(replayer: Replayer, change: Change) -> None:
    replayer.replaced = {
        call: orjson.dumps(changed(orjson.loads(answer.content), change))
        for call, answer in replayer.recorded.items()
        if answer.content[:1] in b"[{" and "token" not in call.url
    }


# A feed's file has no types: its lines are read with their own tests.
@pytest.mark.parametrize(
    "key", sorted(key for key, each in adapters().items() if each.sources() and key != "image_feed")
)
def test_values_in_another_form_are_read_alike(key: str, open_adapter: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Null instead of an empty list is read as empty, or the item is refused, or the page is read again."""
    for data_type in adapters()[key].sources():
        replayer = Replayer(monkeypatch)

        def page(data_type: DataType = data_type) -> list[Record]:
            return [
                replace(each, raw=None) for each in first_page(open_adapter(key, **SMALL_PAGES.get(key, {})), data_type)
            ]

        expected = page()
        for change in (as_text, as_numbers):

            def unless_typed(name: str, value: Any, change: Change = change) -> Any:
                return value if key in TYPED and isinstance(value, bool) else change(name, value)

            reread(replayer, unless_typed)
            assert page() == expected, (data_type, change.__name__)
        reread(replayer, no_empty_list)
        with suppress(TryAgainLater):
            found = page()
            accepted = [each for each in found if not any(problem.fatal for problem in each.problems)]
            assert all(each in expected for each in accepted) and len(found) == len(expected), data_type
        monkeypatch.undo()
