"""What both versions of the Admin API have in common: sending a file, polling the import, interpreting the responses.

A cluster takes imports by one version only and answers 405 to the other. The move is a full import: a PUT of v4
upgrades the cluster, a full import of v3 with `downgrade=true` is the way back. Neither happens without a person: the
import is reported as harmful, and only forcing it moves the cluster.

One import runs at a time. A second one is rejected, with 409 by import/product-sets, and sent again later. Assumptions
that the documentation does not confirm, and that only this module relies on: 409 and 423 mean the same for catalogs; a
rejection by the harm check has the word "harmful" in its reason.
"""

from abc import ABC, abstractmethod
from typing import Any

from connectors.platforms.elevate import export
from connectors.platforms.elevate.settings import FieldMap, Settings
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.feeds import FeedFile, ImportResult, ImportState
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected

STATES = {
    "WAITING": ImportState.RUNNING,
    "BLOCKED": ImportState.RUNNING,
    "IN_PROGRESS": ImportState.RUNNING,
    "SUCCESS": ImportState.DONE,
    "FAILURE": ImportState.REJECTED,
    "ABORTED": ImportState.UNKNOWN,
    "NOT_FOUND": ImportState.UNKNOWN,
}
BUSY = (409, 423)


class AdminApi(ABC):
    """One version of the Admin API, over one client.

    `consequences` tells a person what it means to force the import that moves the cluster to this version;
    `move_parameters` is what that import needs. `moves_silently`: it needs nothing, so the cluster is asked before.
    """

    version: str
    other_version: str
    catalog: str
    status: str
    content_type: str
    consequences: str
    moves_silently: bool
    move_parameters: dict[str, str] = {}

    def __init__(self, http: HttpClient, settings: Settings, field_map: FieldMap) -> None:
        self.http = http
        self.settings = settings
        self.field_map = field_map

    @property
    def is_active(self) -> bool:
        """Whether the cluster takes imports by this version."""
        return export.is_on_v4(self.http) == (self.version == "v4")

    def prepare(self) -> None:  # noqa: B027 - not every version needs it
        """What has to be done or checked before everything is sent."""

    @abstractmethod
    def open_file(self, path: str, *, replace_all: bool) -> FeedFile:
        """Start a file of the version's format."""

    @abstractmethod
    def method(self, *, replace_all: bool) -> str:
        """The HTTP method for a file that replaces everything, or for one with changes only."""

    @abstractmethod
    def item_errors(self, answer: Any, path: str) -> dict[str, str]:
        """Key of each invalid group → its error, from a rejection and the rejected file (N11)."""

    def send(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportResult:
        """Send the file unchanged; it is already gzipped."""
        wait = f"PT{self.settings.blocking_timeout}S"
        query = {"blockingTimeout": wait, "force": str(force).lower(), "name": name}
        if replace_all:
            self.prepare()
            if (self.moves_silently or force) and not self.is_active:
                if not force:
                    return self._wrong_version(replace_all)
                query |= self.move_parameters
        try:
            response = self._upload(path, query, replace_all=replace_all)
        except RequestRejected as error:
            if error.status == 405:
                return self._wrong_version(replace_all)
            return self._rejected_result(error, path)
        if response.status != 202:
            return ImportResult(ImportState.DONE)
        answer = self._progress(response.json(), path)
        if answer.state is ImportState.RUNNING and not answer.remote_id:
            answer.state = ImportState.UNKNOWN  # no status to query; imports are atomic: it is sent again (F14)
        return answer

    def poll(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        return self._progress(self.http.get(self.status, params={"id": remote_id}).json(), path)

    def _wrong_version(self, replace_all: bool) -> ImportResult:
        """Only a person can go on, so the result is that of a harmful import. 405 is not the fault of the data."""
        move = (
            self.consequences
            if replace_all
            else (
                f"Choose {self.other_version} in the settings of the connection. To move the cluster to {self.version} "
                "instead, start “Send everything again”, and force that import when it waits for approval."
            )
        )
        reason = f"Nothing was imported: the cluster is on Admin API {self.other_version}. {move}"
        return ImportResult(ImportState.HARMFUL, reason=reason)

    def _upload(self, path: str, query: dict[str, str], *, replace_all: bool) -> Any:
        with open(path, "rb") as file:
            return self.http.request(
                self.method(replace_all=replace_all),
                self.catalog,
                params=query,
                data=file,
                headers={"Content-Type": self.content_type, "Content-Encoding": "gzip"},
            )

    def _progress(self, body: Any, path: str) -> ImportResult:
        """IDs may be numbers or strings, and a reason may be null."""
        body = body if isinstance(body, dict) else {}
        reason = str(body.get("reason") or "")
        state = STATES.get(str(body.get("status")), ImportState.UNKNOWN)
        answer = ImportResult(state, remote_id=str(body.get("id") or ""), reason=reason, raw=body)
        return self._with_details(answer, path) if state is ImportState.REJECTED else answer

    def _rejected_result(self, error: RequestRejected, path: str) -> ImportResult:
        body = error.body if isinstance(error.body, dict) else {}
        reason = str(body.get("reason") or error.response.text(500))
        if error.status in BUSY:
            return ImportResult(ImportState.BUSY, reason=reason, raw=body)
        if error.status == 404:
            raise NeedsAttention(
                "This cluster does not exist.", fix="Correct the cluster ID in the connection's URL."
            ) from error
        return self._with_details(ImportResult(ImportState.REJECTED, reason=reason, raw=body or reason), path)

    def _with_details(self, answer: ImportResult, path: str) -> ImportResult:
        """Add the item errors to a rejection, unless it comes from the harm check, which names no items."""
        details = answer.raw.get("errorDetails") if isinstance(answer.raw, dict) else None
        if details is None and "harmful" in answer.reason.lower():
            answer.state = ImportState.HARMFUL
        else:
            answer.item_errors = self.item_errors(answer.raw, path)
        return answer
