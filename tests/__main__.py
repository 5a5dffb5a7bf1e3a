"""`./dev test`: all tests of a tier, or those that pytest's arguments choose."""

import argparse
import os
import sys

from tests.browser_binary import NoBrowser, ensure_browser
from tests.tiers import TIERS

# One more than there are cores: about a third of the time, tests wait for the processes that they started.
PROCESSES = min((os.cpu_count() or 1) + 1, 4)
IN_PARALLEL = ("--numprocesses", str(PROCESSES), "--dist", "worksteal")
COVERAGE = ("--cov", "--cov-report=term:skip-covered", "--cov-report=html")


def pytest_arguments(argv: list[str]) -> list[str]:
    """What pytest is called with. All tests of a tier may run in several processes; chosen ones run in one, where a
    debugger can stop."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--tier", default="core")
    parser.add_argument("--cov", action="store_true")
    options, chosen = parser.parse_known_args(argv)
    tier = TIERS.get(options.tier)
    everything = tier is not None and tier.parallel and not chosen
    return [
        f"--tier={options.tier}",
        *(COVERAGE if options.cov else ()),
        *(IN_PARALLEL if everything else ()),
        *chosen,
    ]


def main(argv: list[str]) -> None:
    arguments = pytest_arguments(argv)
    if set(IN_PARALLEL) <= set(arguments):
        # Before any test: on a machine without a browser, the message appears immediately, and once.
        try:
            ensure_browser()
        except NoBrowser as error:
            sys.exit(str(error))
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606 - takes our place


if __name__ == "__main__":
    main(sys.argv[1:])
