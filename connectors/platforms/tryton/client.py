"""Calls to one database: records of any model, by Tryton's REST interface (since series 8.0).

https://mail-archive.com/commits@tryton.org/msg57074.html
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from connectors.platforms.tryton.settings import Credentials, FieldMap, Settings
from connectors.platforms.tryton.values import Domain, Row, encoded, plain, record_id
from connectors.sdk import issues
from connectors.sdk.account import Account
from connectors.sdk.errors import ListingRepeats, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected

PATH = "/rest/model"
MAX_ROWS = 500
# IDs or texts of one condition, so that the address stays short enough for any server in between.
MAX_VALUES = 100
# Models whose fields depend on the modules of the database.
_CHECKED_MODELS = (
    "product.product", "product.template", "party.party", "sale.sale", "sale.amendment", "stock.package",
    "stock.shipment.out",
)  # fmt: skip
READ_FIX = (
    "Compare the field mapping of this connection with the models in Tryton, and give the user the right to read."
)


class TrytonClient:
    """One database as the user of the key sees it."""

    def __init__(self, account: Account[Settings, Credentials, FieldMap], http: HttpClient) -> None:
        self.settings = account.settings
        self.field_map = account.field_map
        self.http = http
        self._companies: list[Row] | None = None

    # Reading

    def page(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        after: int = 0,
        size: int = MAX_ROWS,
        context: Mapping[str, Any] | None = None,
    ) -> tuple[list[Row], bool]:
        """The first records in order of ID whose ID is greater than `after`, and whether there may be more.

        Records that are not active are included. The values are plain (`values.plain`).
        """
        params = {
            "d": encoded([["id", ">", after], domain]),
            "f": list(fields),
            "o": encoded([["id", "ASC"]]),
            "s": size,
        }
        rows = self._rows(f"{PATH}/{model}", params, context)
        if rows and record_id(rows[0]) <= after:
            raise ListingRepeats("Tryton returned records that were already read.")
        return rows, len(rows) >= size

    def rows(
        self, model: str, domain: Domain, fields: Sequence[str], *, context: Mapping[str, Any] | None = None
    ) -> Iterator[Row]:
        """All records that meet the domain, in order of ID."""
        after, more = 0, True
        while more:
            found, more = self.page(model, domain, fields, after=after, context=context)
            yield from found
            after = record_id(found[-1]) if found else after

    def among(
        self, model: str, name: str, values: Iterable[Any], fields: Sequence[str], *, domain: Sequence[Any] = ()
    ) -> Iterator[Row]:
        """All records with one of these values in a field; in order of ID for every `MAX_VALUES` values."""
        waiting = iter(values)
        while batch := list(islice(waiting, MAX_VALUES)):
            yield from self.rows(model, [[name, "in", batch], *domain], fields)

    def read(self, model: str, number: int, fields: Sequence[str]) -> Row:
        for row in self.rows(model, [["id", "=", number]], fields):
            return row
        raise TryAgainLater(f"Tryton has no {model} {number} any more.", sent=False)

    def _rows(self, path: str, params: Mapping[str, Any], context: Mapping[str, Any] | None) -> list[Row]:
        try:
            answer = self.http.get(path, params=params, headers=self._headers(context)).json()
        except RequestRejected as error:
            raise _unreadable(error, path) from error
        if isinstance(answer, list) and all(isinstance(row, dict) and "id" in row for row in answer):
            return [plain(row) for row in answer]
        raise TryAgainLater("Tryton's response is not a list of records.", sent=False)

    # Writing

    def create(self, model: str, values: Mapping[str, Any], fields: Sequence[str] = ()) -> Row:
        return self._write("POST", f"{PATH}/{model}", values, fields)

    def write(self, model: str, number: int, values: Mapping[str, Any], fields: Sequence[str] = ()) -> Row:
        return self._write("PUT", f"{PATH}/{model}/{number}", values, fields)

    def act(self, model: str, number: int, action: str, fields: Sequence[str] = ()) -> Row:
        """Press a button of the record; returns the fields of the record afterwards."""
        return self._write("POST", f"{PATH}/{model}/{number}/{action}", {}, fields)

    def delete(self, model: str, number: int) -> None:
        self._write("DELETE", f"{PATH}/{model}/{number}", None, ())

    def _write(self, method: str, path: str, values: Mapping[str, Any] | None, fields: Sequence[str]) -> Row:
        """SkipRecord with Tryton's reason if it rejects the values."""
        params = {"f": ["id", *fields]} if values is not None else None
        try:
            response = self.http.request(method, path, params=params, body=values, headers=self._headers(None))
        except RequestRejected as error:
            if error.status == 409:
                raise TryAgainLater("Somebody changed the record in Tryton at the same time.") from error
            raise SkipRecord(issues.REJECTED(reason=error_message(error))) from error
        if response.status == 204:
            return {}
        answer = response.json()
        if not isinstance(answer, dict):
            raise TryAgainLater("Tryton answered with something that is not a record.")
        return dict(plain(answer))

    def _headers(self, context: Mapping[str, Any] | None) -> dict[str, str]:
        """The context: fields by company, such as prices, are empty without one."""
        own: dict[str, Any] = {"company": self.company, "active_test": False} if context is None else dict(context)
        return {"X-Tryton-Context": encoded(own)}

    def context(self, **more: Any) -> dict[str, Any]:
        return {"company": self.company, "active_test": False, **more}

    # What the database has; cached for one turn

    @cached_property
    def company(self) -> int:
        """The ID of the company. NeedsAttention if the user has access to several."""
        if self.settings.company:
            return int(self.settings.company)
        rows = self.companies()
        if len(rows) == 1:
            return record_id(rows[0])
        if not rows:
            raise TryAgainLater("Tryton returned no company.", sent=False)
        names = ", ".join(f"{(row.get('party') or {}).get('name')} ({row.get('id')})" for row in rows)
        raise NeedsAttention(
            f"The database has several companies: {names}.",
            fix="Enter the ID of the company in the settings of this connection.",
        )

    @cached_property
    def currency(self) -> str:
        """The code of the company's currency; empty if Tryton does not tell it."""
        match [row for row in self.companies() if record_id(row) == self.company]:
            case [{"currency": {"code": str(code)}}]:
                return code
        return ""

    def companies(self) -> list[Row]:
        if self._companies is None:
            params = {"d": encoded([]), "f": ["party.name", "currency.code"], "o": encoded([["id", "ASC"]]), "s": 20}
            self._companies = self._rows(f"{PATH}/company.company", params, {})
        return self._companies

    @cached_property
    def _fields(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.rows("ir.model.field", [["model", "in", list(_CHECKED_MODELS)]], ["model", "name"]):
            found[str(row.get("model"))].add(str(row.get("name")))
        return found

    def has(self, model: str, field: str = "id") -> bool:
        """Whether the modules of the database bring this model with this field."""
        return field in self._fields.get(model, ())

    def check_fields(self, model: str, paths: Iterable[str]) -> None:
        """NeedsAttention for mapped fields that the model does not have: Tryton would answer with the status 500."""
        known = self._fields.get(model)
        missing = sorted({path for path in paths if path and known and path.partition(".")[0] not in known})
        if missing:
            raise NeedsAttention(
                f"The model {model} in Tryton has no field {', '.join(missing)}.",
                fix="Correct the field mapping of this connection, or activate the module in Tryton.",
            )


def error_message(error: RequestRejected) -> str:
    """Tryton's message and description of why it rejected a request."""
    body = error.body
    if isinstance(body, dict) and body.get("message"):
        return " ".join(str(body[name]) for name in ("message", "description") if body.get(name))[:500]
    return f"status {error.status}"


def _unreadable(error: RequestRejected, path: str) -> NeedsAttention:
    if error.status == 404:
        return NeedsAttention(
            "The address is not that of a Tryton database with a REST interface.",
            fix="Enter the address with the name of the database, such as https://erp.example/production. The server "
            "must be of series 8.0 or later.",
            status=404,
        )
    return NeedsAttention(f"{path} cannot be read: {error_message(error)}", fix=READ_FIX, status=error.status)
