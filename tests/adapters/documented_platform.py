"""The example of docs/adding-a-platform.md: its files, and what the standard suite needs to know about it."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from connectors.sdk.tokens import TokenPair
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.cases import Case

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-platform.md"
KEY = "acme"
ACCOUNT = ("acme", "first-refresh-token")
SETTINGS = {"client_id": "hub"}


def files() -> dict[str, str]:
    """Path below connectors/platforms/ → content of each code block that names its file."""
    blocks = re.findall(r"^```python file=(\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(dict(blocks)) == len(blocks) > 0
    return dict(blocks)


def install(folder: Path) -> None:
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def start_stand_in() -> SandboxProcess:
    """The stand-in for the vendor (tests/adapters/documented_stand_in.py) in a process of its own."""
    name, token = ACCOUNT
    command = [sys.executable, "-m", "tests.adapters.documented_stand_in", name, token]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return SandboxProcess(process, KEY, orjson.loads(process.stdout.readline())["url"], {name: token})


class MemoryTokens:
    """Keeps the tokens of one adapter; refreshes without asking who else does."""

    def __init__(self, pair: TokenPair) -> None:
        self.pair = pair

    def load(self) -> TokenPair:
        return self.pair

    def refresh(self, *, replaces: str, exchange: Callable[[str], TokenPair]) -> TokenPair:
        self.pair = exchange(self.pair.refresh_token)
        return self.pair


def tokens(stand_in: SandboxProcess, refresh_token: str) -> MemoryTokens:
    """Tokens that the stand-in has just issued; worthless ones for a wrong refresh token."""
    grant = {"access_token": "wrong", "refresh_token": refresh_token}
    if refresh_token == ACCOUNT[1]:
        grant = stand_in.control("POST", "grants")
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    return MemoryTokens(TokenPair(grant["access_token"], grant["refresh_token"], expires_at))


CASE = Case(
    sandbox=KEY,
    account=ACCOUNT,
    credential="refresh_token",
    settings=SETTINGS,
    states={DataType.PRODUCTS: ("products", "id"), DataType.CUSTOMERS: ("customers", "id")},
    page="../adding-a-platform",
    calls=1,
    tokens=tokens,
)
