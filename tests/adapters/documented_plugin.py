"""Pytest plugin: runs the standard suite with the documented example (`-p tests.adapters.documented_plugin`).

The folder in the environment variable DOCUMENTED_PLATFORMS contains its package. The application is not changed: the
folder is added to the search path of connectors.platforms.
"""

import os
from typing import Any

import pytest

from sandbox.process import SandboxProcess
from tests import forked_sandboxes


def pytest_collection(session: pytest.Session) -> None:
    from connectors import platforms
    from connectors.adapters import registry
    from tests.adapters import documented_platform
    from tests.adapters.cases import CASES

    platforms.__path__.append(os.environ["DOCUMENTED_PLATFORMS"])
    registry.adapters.cache_clear()
    CASES[documented_platform.KEY] = documented_platform.CASE
    start_sandbox = forked_sandboxes.start

    def start(platform: str, **options: Any) -> SandboxProcess:
        is_example = platform == documented_platform.KEY
        return documented_platform.start_simulator() if is_example else start_sandbox(platform, **options)

    forked_sandboxes.start = start
