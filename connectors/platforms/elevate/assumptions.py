"""What the documentation of the Admin API leaves open, and how a connection test settles it."""

from connectors.platforms.elevate.client import ElevateClient
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted
from connectors.sdk.responses import RequestRejected


def _status_call(client: ElevateClient) -> Finding:
    try:
        answer = client.http.get(client.api.status, params={"id": "0"}).json()
    except RequestRejected as error:
        return refuted(f"{client.api.status} answered {error.status}. The outcome of long imports stays unknown.")
    status = answer.get("status") if isinstance(answer, dict) else None
    if status == "NOT_FOUND":
        return confirmed(f"{client.api.status} answered NOT_FOUND for an import that does not exist.")
    return refuted(f"{client.api.status} answered {str(status)[:50]!r} for an import that does not exist.")


ASSUMPTIONS = (
    Assumption("status_call", "The status of an import has the same path in v4 as in v3.", _status_call),
    Assumption("busy_answer", "A cluster that is importing rejects a second import with 409, 423, 429 or 503."),
    Assumption("removal", 'In v4, `{"remove": {"key": …}}` removes a product group.'),
    Assumption("harm_check", "A rejection by the harm check has the word “harmful” in its reason."),
    Assumption("names_of_ids", "In v4, a `translation` with the key `label:ID` names an ID of a custom label."),
    Assumption("partial_imports", "In v3, incremental imports have the types `partial` and `attributes`."),
)
