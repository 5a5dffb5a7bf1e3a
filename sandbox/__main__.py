"""Command line: `python -m sandbox PLATFORM`."""

import argparse
import gc
from collections.abc import Sequence

from sandbox.platforms import PLATFORMS, platform_class
from sandbox.platforms.base import Options
from sandbox.server import serve

EPILOG = """\
Prints one line of JSON when ready ({"platform", "url", "accounts"}) and serves on 127.0.0.1 until SIGTERM.

  python -m sandbox bigcommerce --account abc123=shop-token --products 500 --customers 40 --orders 60
  python -m sandbox elevate --account cluster=api-key --market uk:en-GB --market se:sv-SE,en-GB
  python -m sandbox rest --account erp=bearer-token --port 8090

Every platform has a control interface under /_sandbox/: health, calls, faults, state, reset
(docs/sandbox.md).
"""


def account(text: str) -> tuple[str, str]:
    name, equals, token = text.partition("=")
    if not (name and equals and token):
        raise argparse.ArgumentTypeError("accounts are given as NAME=TOKEN")
    return name, token


def market(text: str) -> tuple[str, list[str]]:
    name, colon, locales = text.partition(":")
    if not (name and colon and locales):
        raise argparse.ArgumentTypeError("markets are given as MARKET:LOCALE[,LOCALE…]")
    return name, locales.split(",")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A strict simulation of a vendor's platform, served over real HTTP.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("platform", choices=sorted(PLATFORMS), help="platform to simulate")
    add("--port", type=int, default=0, help="port on 127.0.0.1; 0 picks a free one (default)")
    add(
        "--account",
        type=account,
        action="append",
        required=True,
        metavar="NAME=TOKEN",
        dest="accounts",
        help="account and its token; can be repeated. BigCommerce: the store hash; Elevate: the cluster",
    )
    add(
        "--seed",
        type=int,
        default=Options.seed,
        help="an account gets the same data for the same seed and account name",
    )
    add("--latency-ms", type=int, default=0, metavar="MS", help="simulated duration of each request (default 0)")

    add(
        "--contract",
        choices=["enforce", "off"],
        default=Options.contract,
        help="refuse and record what breaks the platform's contract (default), or do not validate, which is faster",
    )

    data = parser.add_argument_group("generated data")
    add = data.add_argument
    add(
        "--products",
        type=int,
        default=Options.products,
        metavar="N",
        help="valid products per account (default 50)",
    )
    add("--customers", type=int, default=0, metavar="N", help="customers per account (default 0)")
    add("--orders", type=int, default=0, metavar="N", help="orders per account; requires customers (default 0)")
    add(
        "--dirty",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also generate a few invalid items (default)",
    )
    add("--clean", action="store_false", dest="dirty", help="the same as --no-dirty")
    add("--currency", default=Options.currency, metavar="CODE", help="currency of the store (default GBP)")

    limits = parser.add_argument_group("limits and webhooks (bigcommerce)")
    add = limits.add_argument
    add("--quota", type=int, default=Options.quota, metavar="N", help="requests per window (default 150)")
    add("--window-ms", type=int, default=Options.window_ms, metavar="MS", help="length of the window (default 30000)")
    add("--client-id", default=Options.client_id, help="client ID of the app that owns the webhooks")
    add("--client-secret", default=Options.client_secret, help="secret that signs webhook deliveries")
    add(
        "--retry-scale",
        type=float,
        default=1.0,
        metavar="F",
        help="factor for the delays of webhook retries and blocking; 0.001 turns a minute into 60 ms (default 1)",
    )

    imports = parser.add_argument_group("imports (elevate)")
    add = imports.add_argument
    add(
        "--market",
        type=market,
        action="append",
        metavar="MARKET:LOCALES",
        dest="markets",
        help="configured market and its locales, separated by commas; can be repeated (default uk:en-GB)",
    )
    add(
        "--import-ms",
        type=int,
        default=0,
        metavar="MS",
        help="processing time of an import after validation (default 0)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = vars(build_parser().parse_args(arguments))
    platform = platform_class(chosen.pop("platform"))
    port = chosen.pop("port")
    chosen["accounts"] = dict(chosen["accounts"])
    chosen["markets"] = dict(chosen["markets"] or [("uk", ["en-GB"])])
    gc.disable()  # building a large catalog allocates a lot and frees nothing
    built = platform(Options(**chosen))
    gc.enable()
    serve(built, port)


if __name__ == "__main__":
    main()
