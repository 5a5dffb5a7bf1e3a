"""Calls to one account: records by external ID, and SuiteQL queries page by page.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/book_1559132836.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from connectors.platforms.netsuite.error_messages import error_message
from connectors.platforms.netsuite.lengths import shortened, too_long
from connectors.platforms.netsuite.settings import Credentials, FieldMap, Settings
from connectors.platforms.netsuite.suiteql import Row, required_int
from connectors.sdk import issues
from connectors.sdk.account import Account
from connectors.sdk.decoding import flag, whole_number
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.records import Problem
from connectors.sdk.responses import RequestRejected, Response

SUITEQL_PATH = "/query/v1/suiteql"
RECORD_PATH = "/record/v1"
MAX_ROWS = 1000
# Fields of one record that are cut, one after the other as NetSuite names them.
MAX_CUTS = 8
QUERY_FIX = (
    "Compare the field map and the settings “Matrix items” and “Stock table” of this connection with what the account "
    "has, and give the role of the integration the permissions on the records that are read."
)
# Otherwise NetSuite saves a record without the fields that it does not know, and says nothing.
STRICT = {"X-NetSuite-PropertyNameValidation": "Error", "X-NetSuite-PropertyValueValidation": "Error"}
_INTERNAL_ID = re.compile(r"/(\d+)/?$")

RecordType = Literal["customer", "salesOrder", "creditMemo", "returnAuthorization"]


class NetSuiteClient:
    """The API of one account."""

    def __init__(self, account: Account[Settings, Credentials, FieldMap], http: HttpClient) -> None:
        self.settings = account.settings
        self.field_map = account.field_map
        self.http = http
        self._warnings: list[Problem] = []
        self._has_suitetax: bool | None = None

    # Records

    def upsert(self, record_type: RecordType, external_id: str, body: Mapping[str, Any], *, replace: str = "") -> str:
        """Create the record, or update the one that has the external ID; returns its internal ID.

        `replace` names the sublist whose lines are replaced by those in `body`: otherwise repeating the call would add
        the lines again.
        """
        path = f"{RECORD_PATH}/{record_type}/eid:{quote(external_id)}"
        answer = self._write("PUT", path, body, params={"replace": replace} if replace else None)
        found = _INTERNAL_ID.search(answer.headers.get("Location", ""))
        if found is None:
            raise TryAgainLater("NetSuite saved a record without returning its internal ID.")
        return found[1]

    def read(self, record_type: RecordType, internal_id: str, fields: Sequence[str] = ()) -> Row:
        """Some fields of a record; without `fields`, all of it with its sublists."""
        params = {"fields": ",".join(fields)} if fields else {"expandSubResources": "true"}
        try:
            answer = self.http.get(f"{RECORD_PATH}/{record_type}/{quote(internal_id)}", params=params).json()
        except RequestRejected as error:
            raise TryAgainLater(f"A {record_type} cannot be read: {error_message(error)}") from error
        if not isinstance(answer, dict):
            raise TryAgainLater("NetSuite answered with something that is not a record.", sent=False)
        return answer

    def update(self, record_type: RecordType, internal_id: str, body: Mapping[str, Any], *, replace: str = "") -> None:
        params = {"replace": replace} if replace else None
        self._write("PATCH", f"{RECORD_PATH}/{record_type}/{quote(internal_id)}", body, params=params)

    def has_suitetax(self) -> bool:
        """Whether the account takes the tax of an order: the metadata of records lists only fields that it has.

        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/chapter_1540810168.html
        """
        if self.settings.tax_engine != "detect":
            return self.settings.tax_engine == "suitetax"
        if self._has_suitetax is None:
            self._has_suitetax = "taxDetailsOverride" in self.fields_of("salesOrder")
        return self._has_suitetax

    def fields_of(self, record_type: RecordType) -> set[str]:
        """The names of the fields that a record has in this account."""
        headers = {"Accept": "application/schema+json"}
        path = f"{RECORD_PATH}/metadata-catalog/{record_type}"
        try:
            answer = self.http.request("GET", path, headers=headers).json()
        except RequestRejected as error:
            raise NeedsAttention(
                f"NetSuite does not list the fields of its records: {error_message(error)}",
                fix="Choose the tax engine of the account in the settings of this connection.",
            ) from error
        match answer:
            case {"properties": dict(properties)}:
                return set(properties)
        raise TryAgainLater("NetSuite's list of the fields of a record cannot be read.", sent=False)

    def _write(
        self, method: str, path: str, body: Mapping[str, Any], *, params: Mapping[str, str] | None = None
    ) -> Response:
        """SkipRecord with NetSuite's reason if it rejects the record. Values that are too long are cut."""
        for _ in range(MAX_CUTS):
            try:
                return self.http.request(method, path, body=body, params=params, headers=STRICT)
            except RequestRejected as error:
                found = too_long(error)
                shorter, length = shortened(body, found) if found else (body, 0)
                if found is None or not length:
                    raise SkipRecord(issues.REJECTED(reason=error_message(error))) from error
                body = shorter
                self._warnings.append(issues.VALUE_CUT_AT_TARGET(field=found.field, length=length, limit=found.limit))
        raise SkipRecord(issues.REJECTED(reason="Too many values are too long."))

    def take_warnings(self) -> list[Problem]:
        """What was cut in the records written since the last call."""
        taken, self._warnings = self._warnings, []
        return taken

    # SuiteQL

    def page(self, query: str, *, limit: int = MAX_ROWS, fix: str = QUERY_FIX) -> tuple[list[Row], bool]:
        """The first rows of a query that is ordered by a unique key, and whether there are more.

        The next page starts after the last key. Offsets don't work: NetSuite rejects them beyond 100,000 rows, and a
        row that changes meanwhile would cause others to be missed.
        """
        match self._query(query, limit, fix):
            case {"items": list(rows), "hasMore": given} if (
                (more := flag(given)) is not None and all(isinstance(row, dict) for row in rows) and (rows or not more)
            ):
                return rows, more
        raise TryAgainLater("NetSuite's response to a query is not a page of rows.", sent=False)

    def count(self, query: str) -> int:
        """The number of rows of the query."""
        match self._query(query, 1, QUERY_FIX):
            case {"totalResults": given} if (number := whole_number(given)) is not None:
                return number
        raise TryAgainLater("NetSuite's response to a query has no row count.", sent=False)

    def rows(self, query: str, *, key: str, where: str = "", group: str = "", fix: str = QUERY_FIX) -> Iterator[Row]:
        """All rows, ordered by `key`, a numeric and unique column that the query selects. `query` ends before WHERE.

        `group`: the column to group by. `fix` is what helps if NetSuite rejects the query.
        """
        after = 0
        while True:
            condition = f"{key} > {after}" + (f" AND ({where})" if where else "")
            grouped = f" GROUP BY {group}" if group else ""
            found, more = self.page(f"{query} WHERE {condition}{grouped} ORDER BY {key}", fix=fix)
            yield from found
            if not more:
                return
            last = required_int(found[-1], key.rpartition(".")[2])
            if last <= after:
                raise TryAgainLater(f"NetSuite returned rows that are not ordered by {key}.", sent=False)
            after = last

    def _query(self, query: str, limit: int, fix: str) -> Any:
        params, headers = {"limit": limit}, {"Prefer": "transient"}
        try:
            return self.http.request("POST", SUITEQL_PATH, params=params, body={"q": query}, headers=headers).json()
        except RequestRejected as error:
            raise NeedsAttention(f"NetSuite rejected a query: {error_message(error)}", fix=fix) from error
