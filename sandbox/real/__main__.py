"""Command line: `python -m sandbox.real SERVER`."""

import argparse
import inspect
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from sandbox.real import tryton, vendure, vendure_shop
from sandbox.real.postgres import Postgres
from sandbox.real.tryton_staff import Staff

EPILOG = """\
With --prepare, installs the server, prepares its database, and prints {"credential"}. Otherwise prints one line of JSON
when ready ({"url", "server", "user", "password"}) and runs until SIGTERM. PostgreSQL is at DATABASE_URL.

`url` has a control interface: POST /_sandbox/ACTION, with a JSON object of arguments, is what a person does in the
server: buy, order, update_variant in Vendure; ship, sales in Tryton.
"""
Actions = dict[str, Callable[..., Any]]


def start_vendure(options: argparse.Namespace, postgres: Postgres, stack: ExitStack) -> tuple[dict[str, str], Actions]:
    plugin = {"url": options.plugin_url, "secret": options.plugin_secret} if options.plugin_url else None
    shop = stack.enter_context(vendure.running(options.cache, postgres, port=options.port, plugin=plugin))
    about = {"server": shop.url, "user": "superadmin", "password": vendure_shop.PASSWORD}
    return about, {"buy": shop.buy, "order": shop.order, "update_variant": shop.update_variant}


def start_tryton(options: argparse.Namespace, postgres: Postgres, stack: ExitStack) -> tuple[dict[str, str], Actions]:
    url = stack.enter_context(tryton.running(options.cache, postgres))
    staff = Staff(url)
    return {"server": url, "user": "admin", "password": tryton.PASSWORD}, {"ship": staff.ship, "sales": staff.sales}


def prepare_vendure(cache: Path, postgres: Postgres) -> str:
    return vendure.api_key(vendure.prepare(cache, postgres)[0])


def prepare_tryton(cache: Path, postgres: Postgres) -> str:
    tryton.prepare(cache, postgres)
    return tryton.KEY


SERVERS = {"vendure": (prepare_vendure, start_vendure), "tryton": (prepare_tryton, start_tryton)}


def control_interface(actions: Actions) -> ThreadingHTTPServer:
    """A server on a free port that carries out `actions` by name."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arguments = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            action = actions.get(self.path.removeprefix("/_sandbox/"))
            try:
                if action is None:
                    raise ValueError(f"There is no action {self.path}.")
                inspect.signature(action).bind(**arguments)
                status, answer = 200, action(**arguments)
            except Exception as error:  # whatever the server answers is told to the caller
                status, answer = 400, {"error": f"{type(error).__name__}: {error}"}
            body = orjson.dumps(answer)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.real", description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("server", choices=sorted(SERVERS))
    add("--cache", type=Path, required=True, help="folder that keeps what is installed and prepared")
    add("--binaries", type=Path, required=True, help="folder of PostgreSQL's programs")
    add("--prepare", action="store_true", help="only install and prepare")
    add("--port", type=int, default=0, help="port of Vendure; 0 picks a free one (default)")
    add("--plugin-url", default="", help="where our plugin in Vendure posts events; empty: no plugin")
    add("--plugin-secret", default="", help="the secret that signs them")
    options = parser.parse_args()
    postgres = Postgres(os.environ["DATABASE_URL"], options.binaries)
    prepare, start = SERVERS[options.server]
    if options.prepare:
        print(orjson.dumps({"credential": prepare(options.cache, postgres)}).decode())
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with ExitStack() as stack:
        about, actions = start(options, postgres, stack)
        control = stack.enter_context(control_interface(actions))
        announcement = {"url": f"http://127.0.0.1:{control.server_port}", **about}
        print(orjson.dumps(announcement).decode(), flush=True)
        control.serve_forever()


if __name__ == "__main__":
    main()
