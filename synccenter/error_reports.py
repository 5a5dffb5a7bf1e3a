"""Reports of unexpected errors to Sentry or a server that speaks its protocol, if SENTRY_DSN is set (O1)."""

from typing import Any

from common import log_context
from synccenter.logs import masked

# What a report may tell of a request. Bodies, cookies, headers, query strings and addresses hold personal data.
_OF_REQUESTS = ("method", "url")


def start(dsn: str, *, environment: str) -> None:
    """Report errors from now on. Without a DSN, nothing is set up.

    Values of variables and messages of exceptions are left out, because both may hold values of customers: a report
    names the kind of error and the lines of code.
    """
    if not dsn:
        return
    # Imported here, because it takes 5 MB of each process, also of those that report nothing.
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        integrations=[DjangoIntegration(), CeleryIntegration()],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0,
        before_send=_without_personal_data,
    )


def _without_personal_data(event: Any, hint: Any) -> Any:
    request = {name: masked(str(value)) for name, value in event.get("request", {}).items() if name in _OF_REQUESTS}
    kept = ("event_id", "timestamp", "level", "platform", "environment", "release", "sdk", "exception", "transaction")
    report = {name: event[name] for name in kept if name in event}
    for exception in report.get("exception", {}).get("values", []):
        exception["value"] = ""
    if request:
        report["request"] = request
    report["tags"] = dict(log_context.current())
    if "logentry" in event:
        # The message before its values were put in.
        report["logentry"] = {"message": masked(str(event["logentry"].get("message", "")))}
    return report
