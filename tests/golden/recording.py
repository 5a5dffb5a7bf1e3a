"""A network of recorded answers: every request gets the answer that a sandbox once gave to it.

So imports depend on nothing but the adapters: neither on what a sandbox makes up today, nor on ports or on the clock.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import pytest
import requests
from requests.adapters import HTTPAdapter

from sandbox.process import SandboxProcess

ANSWERS = Path(__file__).parent / "answers"
RECORD = "--record-answers"
HOST = "https://source.example"
# Signatures and times, which differ with every request.
_FLEETING = {"Timestamp", "Signature", "client_assertion"}
# Parameters of signatures, which only requests to a sandbox have: it runs on plain HTTP.
_SIGNED = "oauth_"
# Headers of an answer by which adapters read on.
_HEADERS = {"content-type", "x-wp-total", "link", "location", "last-modified", "content-encoding"}


class Answers:
    """`serve` lays ready the recorded answers of a platform, or records those of its sandbox.

    `requests` are those that were made meanwhile, as they went out.
    """

    def __init__(self, *, record: bool) -> None:
        self.record = record
        self.requests: list[dict[str, Any]] = []
        self._answers: dict[str, dict[str, Any]] = {}
        self._sandbox: SandboxProcess | None = None
        self._patch = pytest.MonkeyPatch()
        self._send = HTTPAdapter.send

    def __enter__(self) -> "Answers":
        network = self
        self._patch.setattr(HTTPAdapter, "send", lambda adapter, request, **how: network._answer(adapter, request, how))
        return self

    def __exit__(self, *error: object) -> None:
        self._patch.undo()

    def serve(self, answers: dict[str, dict[str, Any]]) -> None:
        self._answers = answers

    def replay(self, name: str) -> None:
        self.serve(orjson.loads((ANSWERS / f"{name}.json").read_bytes()))

    def listen(self, sandbox: SandboxProcess) -> None:
        """Send on what is asked, and remember the answers."""
        self._answers, self._sandbox = {}, sandbox

    def keep(self, name: str) -> None:
        ANSWERS.mkdir(exist_ok=True)
        # Not sorted: the order of an answer's keys may pass into a record.
        form = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        (ANSWERS / f"{name}.json").write_bytes(orjson.dumps(self._answers, option=form))
        self._sandbox = None

    def _answer(self, adapter: HTTPAdapter, request: requests.PreparedRequest, how: dict[str, Any]) -> Any:
        if self._sandbox is None and str(request.url).startswith("http://127.0.0.1:"):
            return self._send(adapter, request, **how)  # a sandbox is being prepared
        key = _key(request)
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        self.requests.append({"request": f"{request.method} {urlsplit(request.url).path}", "body": body})
        if self._sandbox is not None and key not in self._answers:
            self._answers[key] = _portable(self._send(adapter, request, **how | {"stream": False}), self._sandbox.url)
        known = self._answers.get(key) or self._answers.get("*")
        if known is None:
            pytest.fail(
                f"No answer was recorded to {key}. Record again with {RECORD} if adapters send other requests now."
            )
        return _response(request, known)


def _portable(answer: requests.Response, url: str) -> dict[str, Any]:
    """The stored response, as if the sandbox ran at HOST."""
    content: Any = answer.content.decode().replace(url, HOST)
    headers = {name: value.replace(url, HOST) for name, value in answer.headers.items() if name.lower() in _HEADERS}
    if content and headers.get("content-type", "").partition(";")[0] == "application/json":
        content = orjson.loads(content)
    return {"status": answer.status_code, "headers": headers, "content": content}


def _key(request: requests.PreparedRequest) -> str:
    parts = urlsplit(str(request.url))
    pairs = sorted(parse_qsl(parts.query, True))
    query = urlencode([each for each in pairs if each[0] not in _FLEETING and not each[0].startswith(_SIGNED)])
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    if body.startswith(("{", "[")):
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS).decode()
    body = re.sub(rf"({'|'.join(_FLEETING)})=[^&]*", r"\1=", body)
    return " ".join(each for each in (str(request.method), parts.path + (f"?{query}" if query else ""), body) if each)


def _response(request: requests.PreparedRequest, known: dict[str, Any]) -> requests.Response:
    content = known["content"]
    answer = requests.Response()
    answer.status_code, answer.request, answer.url = known["status"], request, str(request.url)
    answer.headers.update(known["headers"])
    answer._content = content.encode() if isinstance(content, str) else orjson.dumps(content)
    answer._content_consumed = True
    return answer
