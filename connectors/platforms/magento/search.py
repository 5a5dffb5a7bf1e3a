"""Searches (`searchCriteria`), in the vendor's query string format.

https://developer.adobe.com/commerce/webapi/rest/use-rest/performing-searches/
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class Filter(NamedTuple):
    """One condition of a search. The filters of a group are joined by OR, groups by AND."""

    field: str
    value: object
    condition: str = "eq"


Group = Sequence[Filter]


def any_of(field: str, values: Iterable[str]) -> list[Filter]:
    """A group that matches any of the values; a value that contains a comma cannot be part of a list."""
    values = list(values)
    plain = [each for each in values if "," not in each]
    group = [Filter(field, each) for each in values if "," in each]
    return [Filter(field, ",".join(plain), "in"), *group] if plain else group


def search_params(groups: Iterable[Group], *, sort: Sequence[str], size: int, page: int) -> dict[str, Any]:
    """The query parameters of one page, in ascending order of the fields in `sort`.

    Indexes have leading zeros: the shop sorts parameters by number before it verifies their OAuth signature, the
    standard sorts them as text (RFC 5849, 3.4.1.3.2).
    """
    params: dict[str, Any] = {}
    for number, group in enumerate(groups):
        for position, each in enumerate(group):
            name = f"searchCriteria[filterGroups][{number:03}][filters][{position:03}]"
            params |= {f"{name}[field]": each.field, f"{name}[value]": each.value}
            params[f"{name}[conditionType]"] = each.condition
    for position, field in enumerate(sort):
        name = f"searchCriteria[sortOrders][{position:03}]"
        params |= {f"{name}[field]": field, f"{name}[direction]": "ASC"}
    return params | {"searchCriteria[pageSize]": size, "searchCriteria[currentPage]": page}
