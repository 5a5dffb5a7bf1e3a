"""The process that owns the private servers: it starts them, and stops them when nobody uses them any more.

Every user holds `users.lock` together with the others, so the kernel counts them, killed ones too; the keeper
waits to have that lock alone. `supervisor.lock` says that a keeper is there. `servers.lock` is inherited by the
servers, so a new keeper cannot start beside those that a killed one left: it waits until the last has gone.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from synccenter.embedded import servers
from synccenter.embedded.locks import Lock
from synccenter.processes import Processes, ProcessFailed


def supervise(home: Path, *, fsync: bool) -> None:
    """Runs until the last user has gone; prints the addresses, as JSON, once both servers answer."""
    supervisor = Lock(home / "keeper.lock")
    supervisor.take()
    running = Lock(home / "servers.lock")
    running.take()
    users = Lock(home / "users.lock")
    state = home / "services.json"
    _remove_sockets_of_killed(state)
    inherited = (running.descriptor,)
    with (
        # Short whatever the length of `home`: the kernel allows about 100 characters for a socket's path.
        tempfile.TemporaryDirectory(prefix="synccenter-", dir="/tmp") as sockets,
        Processes(echo=sys.stderr) as processes,
    ):
        database_url = servers.start_postgres(processes, home, Path(sockets), fsync=fsync, pass_fds=inherited, cwd="/")
        redis_url = servers.start_redis(processes, home, pass_fds=inherited, cwd="/")
        # From here on: one that cannot even start is an error to report, not to repeat.
        processes.restart = True
        addresses = json.dumps({"database_url": database_url, "redis_url": redis_url})
        state.touch(mode=0o600)
        state.write_text(addresses)
        print(addresses, flush=True)
        # The end of our output is what the starter waits for.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        users.take()
    state.unlink()
    # In this order: whoever gets the users' lock next must not find a keeper.
    supervisor.release()
    users.release()


def _remove_sockets_of_killed(state: Path) -> None:
    if state.exists():
        address = urlsplit(json.loads(state.read_text())["database_url"])
        shutil.rmtree(parse_qs(address.query)["host"][0], ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="the folder of locks, logs and databases")
    parser.add_argument("--throwaway", action="store_true", help="at the end, delete the folder above it")
    parser.add_argument("--no-fsync", action="store_true", help="faster, and lost by a power cut")
    options = parser.parse_args()
    if os.fork():
        # The starter need not wait for us at the end: only our child goes on.
        os._exit(0)
    # An exception, so that the servers are stopped on the way out.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        supervise(options.home, fsync=not options.no_fsync)
    except (OSError, ProcessFailed, subprocess.SubprocessError) as error:
        sys.exit(str(error))
    if options.throwaway:
        servers.remove_postgres(options.home)
        shutil.rmtree(options.home.parent)


if __name__ == "__main__":
    main()
