"""The process that owns the private servers: it starts them, and stops them when no process uses them anymore.

Every user holds a shared lock on `users.lock`, which the kernel releases even if the user is killed; the supervisor
waits for an exclusive lock. `keeper.lock` marks a running supervisor. The servers inherit `servers.lock`, so a new
supervisor waits until the servers of a killed one have stopped.
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
    """Runs until the last user has gone; prints the URLs as JSON when both servers are ready."""
    supervisor = Lock(home / "keeper.lock")
    supervisor.take()
    running = Lock(home / "servers.lock")
    running.take()
    users = Lock(home / "users.lock")
    state = home / "services.json"
    _remove_sockets_of_killed(state)
    inherited = (running.descriptor,)
    with (
        # Not in `home`, because the kernel limits a socket's path to about 100 characters.
        tempfile.TemporaryDirectory(prefix="synccenter-", dir="/tmp") as sockets,
        Processes(echo=sys.stderr) as processes,
    ):
        database_url = servers.start_postgres(processes, home, Path(sockets), fsync=fsync, pass_fds=inherited, cwd="/")
        redis_url = servers.start_redis(processes, home, pass_fds=inherited, cwd="/")
        # Not earlier: a server that fails its first start is an error to report.
        processes.restart = True
        addresses = json.dumps({"database_url": database_url, "redis_url": redis_url})
        state.touch(mode=0o600)
        state.write_text(addresses)
        print(addresses, flush=True)
        # Closes the original stdout: the starting process waits for its end.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        users.take()
    state.unlink()
    # In this order: the next process with the users' lock must not find a supervisor.
    supervisor.release()
    users.release()


def _remove_sockets_of_killed(state: Path) -> None:
    if state.exists():
        address = urlsplit(json.loads(state.read_text())["database_url"])
        shutil.rmtree(parse_qs(address.query)["host"][0], ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="folder for locks, logs and databases")
    parser.add_argument("--throwaway", action="store_true", help="delete the parent folder at the end")
    parser.add_argument("--no-fsync", action="store_true", help="faster, but loses data in a power cut")
    options = parser.parse_args()
    if os.fork():
        # Exit in the parent, so that the starting process does not have to wait for the child.
        os._exit(0)
    # Raise SystemExit, so that the servers are stopped.
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
