"""NetSuite's error format."""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response

_TYPE = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"


class ApiError(Exception):
    """An error answer. `path` names the field that it is about."""

    def __init__(self, status: int, code: str, detail: str, path: str = "") -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.path = status, code, detail, path

    def response(self) -> Response:
        detail: dict[str, Any] = {"detail": self.detail, "o:errorCode": self.code}
        if self.path:
            detail["o:errorPath"] = self.path
        title = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
        body = {
            "type": _TYPE,
            "title": title.get(self.status, "Error"),
            "status": self.status,
            "o:errorDetails": [detail],
        }
        return json_response(body, self.status, {"content-type": "application/vnd.oracle.resource+json; type=error"})
