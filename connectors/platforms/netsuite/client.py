"""Calls to one account: records by external id, SuiteQL page by page, and what refusals mean.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/book_1559132836.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from connectors.contract import Account
from connectors.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.http import HttpClient, Refused, Response
from connectors.platforms.netsuite.authentication import AccessTokens, oauth1_auth

SUITEQL = "/query/v1/suiteql"
RECORD = "/record/v1"
MAX_ROWS = 1000
# Oracle takes so many expressions in a list.
MAX_LIST_VALUES = 1000
FIX = "Correct it in NetSuite or where the item comes from; then press Retry. It is also sent again when it changes."
_ID = re.compile(r"/(\d+)/?$")

Row = dict[str, Any]


class NetSuiteClient:
    """The HTTP client, signed as the connection asks for it."""

    def __init__(self, account: Account, http: HttpClient) -> None:
        self.http = http
        self._tokens: AccessTokens | None = None
        if account.settings.auth == "oauth2":
            self._tokens = AccessTokens(account, http)
        else:
            http.auth = oauth1_auth(account)

    # Records

    def upsert(self, kind: str, external_id: str, body: Mapping[str, Any], *, replace: str = "") -> str:
        """Make the record, or change the one that has the external id; its internal id. `replace` names the sublists
        of which only the lines in `body` remain; lines without a key would be added at every repetition."""
        params = {"replace": replace} if replace else None
        return _location(self.record("PUT", f"{RECORD}/{kind}/eid:{quote(external_id)}", body=body, params=params))

    def update(self, kind: str, internal_id: str, body: Mapping[str, Any]) -> None:
        self.record("PATCH", f"{RECORD}/{kind}/{quote(internal_id)}", body=body)

    def record(self, method: str, path: str, **options: Any) -> Response:
        """One call. SkipRecord with NetSuite's own words for what it refuses."""
        try:
            return self._request(method, path, **options)
        except Refused as refused:
            raise SkipRecord(f"NetSuite refused it: {error_message(refused)}", code=code(refused), fix=FIX) from refused

    # SuiteQL

    def page(self, query: str, *, limit: int = MAX_ROWS) -> tuple[list[Row], bool]:
        """The first rows of a query that is ordered by a unique key, and whether there are more: to go on, ask for
        what lies above the last key. Offsets are no use: NetSuite refuses them beyond 100,000 rows, and what is
        changed meanwhile would hide its neighbours. Values are texts; a column without a value is left out."""
        answer = self._query(query, limit)
        match answer:
            case {"items": list(rows), "hasMore": bool(more), "count": int()} if all(isinstance(r, dict) for r in rows):
                return rows, more
        raise TryAgainLater("NetSuite answered a query with something else than rows.", sent=False)

    def total(self, query: str) -> int:
        """How many rows the query has."""
        match self._query(query, 1):
            case {"totalResults": int(number)}:
                return number
        raise TryAgainLater("NetSuite did not say how many rows there are.", sent=False)

    def rows(self, query: str, *, key: str, where: str = "") -> Iterator[Row]:
        """All rows, by key. `query` ends before its WHERE; `key` is a numeric, unique column that it selects."""
        after = 0
        while True:
            condition = f"{key} > {after}" + (f" AND ({where})" if where else "")
            found, more = self.page(f"{query} WHERE {condition} ORDER BY {key}")
            yield from found
            if not more:
                return
            last = required_int(found[-1], key.rpartition(".")[2])
            if last <= after:
                raise TryAgainLater("NetSuite's rows do not come in the order that was asked for.", sent=False)
            after = last

    def _query(self, query: str, limit: int) -> Any:
        params, headers = {"limit": limit}, {"Prefer": "transient"}
        try:
            return self._request("POST", SUITEQL, params=params, body={"q": query}, headers=headers).json()
        except Refused as refused:
            raise NeedsAttention(
                f"NetSuite refuses our query: {error_message(refused)}",
                fix="Compare the field map with the columns that the account has, and give the role that we sign in "
                "with the permissions on the records that we read.",
            ) from refused

    def _request(self, method: str, path: str, **options: Any) -> Response:
        if self._tokens is None:
            return self.http.request(method, path, **options)
        try:
            return self._with_token(self._tokens, method, path, **options)
        except NeedsAttention as refused:
            if refused.status != 401:
                raise
        self._tokens.invalidate()
        return self._with_token(self._tokens, method, path, **options)

    def _with_token(self, tokens: AccessTokens, method: str, path: str, **options: Any) -> Response:
        headers = options.pop("headers", {}) | {"Authorization": f"Bearer {tokens.access_token()}"}
        return self.http.request(method, path, headers=headers, **options)


def quote_literal(value: str) -> str:
    """A literal of SuiteQL."""
    return "'" + value.replace("'", "''") + "'"


def in_conditions(column: str, values: Iterable[Any]) -> Iterator[str]:
    """`column IN (…)`, as often as it takes."""
    waiting = iter(values)
    while batch := list(islice(waiting, MAX_LIST_VALUES)):
        literals = [quote_literal(each) if isinstance(each, str) else str(each) for each in batch]
        yield f"{column} IN ({', '.join(literals)})"


def required_int(row: Row, column: str) -> int:
    """A number that has to be there. TryAgainLater if it is not: the answer is not what was asked for."""
    value = row.get(column)
    if not str(value).isdecimal():
        raise TryAgainLater(f"NetSuite answered a query without {column}.", sent=False)
    return int(str(value))


def error_message(refused: Refused) -> str:
    """NetSuite's own words, with the fields that they are about."""
    body = refused.body
    details = body.get("o:errorDetails") if isinstance(body, dict) else None
    if not isinstance(details, list):
        return f"status {refused.status}"
    lines = []
    for each in details:
        if isinstance(each, dict) and each.get("detail"):
            where = f" ({each['o:errorPath']})" if each.get("o:errorPath") else ""
            lines.append(f"{each['detail']}{where}")
    return " ".join(lines)[:500] or f"status {refused.status}"


def code(refused: Refused) -> str:
    body = refused.body
    match body:
        case {"o:errorDetails": [{"o:errorCode": str(name)}, *_]}:
            return name.lower()[:60]
    return refused.code


def _location(response: Response) -> str:
    found = _ID.search(response.headers.get("Location", ""))
    if found is None:
        raise TryAgainLater("NetSuite took it and did not say under which id.")
    return found[1]
