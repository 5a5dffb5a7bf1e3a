"""The example of docs/adding-a-platform.md: its files, and its configuration for the standard suite."""

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
    """Path below connectors/platforms/ → content of the code block with that file name."""
    blocks = re.findall(r"^```python file=(\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(dict(blocks)) == len(blocks) > 0
    return dict(blocks)


def install(folder: Path) -> None:
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def start_simulator() -> SandboxProcess:
    """Start the vendor's simulator (tests/adapters/documented_simulator.py) in a separate process."""
    name, token = ACCOUNT
    command = [sys.executable, "-m", "tests.adapters.documented_simulator", name, token]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return SandboxProcess(process, KEY, orjson.loads(process.stdout.readline())["url"], {name: token})


class MemoryTokens:
    """Stores the tokens of one adapter in memory, without locking."""

    def __init__(self, pair: TokenPair) -> None:
        self.pair = pair

    def load(self) -> TokenPair:
        return self.pair

    def refresh(self, *, replaces: str, exchange: Callable[[str], TokenPair]) -> TokenPair:
        self.pair = exchange(self.pair.refresh_token)
        return self.pair


def tokens(simulator: SandboxProcess, refresh_token: str) -> MemoryTokens:
    """Tokens newly issued by the simulator; invalid ones for a wrong refresh token."""
    grant = {"access_token": "wrong", "refresh_token": refresh_token}
    if refresh_token == ACCOUNT[1]:
        grant = simulator.control("POST", "grants")
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
