"""A hostile response can't use up the memory of a worker."""

import subprocess
import sys

import orjson
import pytest

from connectors.sdk.errors import TryAgainLater
from connectors.sdk.responses import Response

# 12 MB, 11 KB as gzip.
BOMB = "b'[' + b'[],' * 4_000_000 + b'[]]'"
MEASURE = f"""
import resource
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.responses import Response
content = {BOMB}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Response(200, {{}}, content).json()
except TryAgainLater:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_millions_of_empty_lists_are_not_parsed() -> None:
    """In a process of its own: MiB by which its memory grew. Parsed, the lists take 340 MiB."""
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 64


def test_deep_nesting_is_rejected() -> None:
    with pytest.raises(TryAgainLater, match="not valid JSON"):
        Response(200, {}, b"[" * 100_000 + b"]" * 100_000).json()


def test_limit_counts_values_not_text() -> None:
    """An adapter can set its own limit. Brackets in strings, such as HTML or code, don't count."""
    text = {"html": '[{,\\"' * 1000}
    assert Response(200, {}, orjson.dumps(text), max_values=100).json() == text
    with pytest.raises(TryAgainLater, match="too many values"):
        Response(200, {}, orjson.dumps([[]] * 21), max_values=100).json()
