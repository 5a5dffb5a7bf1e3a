"""Command line: `python -m sandbox PLATFORM`."""

import argparse
import gc

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
        raise argparse.ArgumentTypeError("an account is given as NAME=TOKEN")
    return name, token


def market(text: str) -> tuple[str, list[str]]:
    name, colon, locales = text.partition(":")
    if not (name and colon and locales):
        raise argparse.ArgumentTypeError("a market is given as MARKET:LOCALE[,LOCALE…]")
    return name, locales.split(",")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A strict stand-in for a vendor's platform, over real HTTP.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("platform", choices=sorted(PLATFORMS), help="which vendor to stand in for")
    add("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    add(
        "--account",
        type=account,
        action="append",
        required=True,
        metavar="NAME=TOKEN",
        dest="accounts",
        help="an account and its token; repeat for more. BigCommerce: the store hash; Elevate: the cluster",
    )
    add("--seed", type=int, default=Options.seed, help="the same seed and name give an account the same data")
    add("--latency-ms", type=int, default=0, metavar="MS", help="time that each request takes (default 0)")

    goods = parser.add_argument_group("goods (bigcommerce)")
    add = goods.add_argument
    add(
        "--products",
        type=int,
        default=Options.products,
        metavar="N",
        help="clean products an account (default 50)",
    )
    add("--customers", type=int, default=0, metavar="N", help="customers an account (default 0)")
    add("--orders", type=int, default=0, metavar="N", help="orders an account; needs customers (default 0)")
    add(
        "--dirty",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a few dirty items on top (default)",
    )
    add("--clean", action="store_false", dest="dirty", help="the same as --no-dirty")
    add("--currency", default=Options.currency, metavar="CODE", help="the store's currency (default GBP)")

    limits = parser.add_argument_group("limits and webhooks (bigcommerce)")
    add = limits.add_argument
    add("--quota", type=int, default=Options.quota, metavar="N", help="requests a window (default 150)")
    add("--window-ms", type=int, default=Options.window_ms, metavar="MS", help="the window (default 30000)")
    add(
        "--inventory-lag-ms",
        type=int,
        default=0,
        metavar="MS",
        help="how long stock changes stay unread (default 0)",
    )
    add("--client-id", default=Options.client_id, help="the app that hooks belong to")
    add("--client-secret", default=Options.client_secret, help="the secret that signs webhook deliveries")
    add(
        "--retry-scale",
        type=float,
        default=1.0,
        metavar="F",
        help="factor on the times of webhook retries and blocking; 0.001 makes a minute 60 ms (default 1)",
    )

    imports = parser.add_argument_group("imports (elevate)")
    add = imports.add_argument
    add(
        "--market",
        type=market,
        action="append",
        metavar="MARKET:LOCALES",
        dest="markets",
        help="a configured market with its locales, separated by commas; repeat for more (default uk:en-GB)",
    )
    add(
        "--import-ms",
        type=int,
        default=0,
        metavar="MS",
        help="how long an import takes after its check (default 0)",
    )
    add(
        "--busy",
        choices=["reject", "wait"],
        default=Options.busy,
        help="what happens to an import while another runs: 409 (default), or it waits its turn",
    )
    return parser


def main() -> None:
    chosen = vars(build_parser().parse_args())
    platform = platform_class(chosen.pop("platform"))
    port = chosen.pop("port")
    chosen["accounts"] = dict(chosen["accounts"])
    chosen["markets"] = dict(chosen["markets"] or [("uk", ["en-GB"])])
    gc.disable()  # building a large catalogue makes much and drops nothing
    built = platform(Options(**chosen))
    gc.enable()
    serve(built, port)


if __name__ == "__main__":
    main()
