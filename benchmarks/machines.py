"""Not a benchmark: network namespaces, in which workers run as on machines of their own. Needs root and `ip`."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

# The address of this machine on the bridge that connects all namespaces.
HOST = "10.231.17.1"
_BRIDGE = "sc-bench"


def available() -> bool:
    """Whether namespaces can be made here; containers without privileges may not."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    made = subprocess.run(["ip", "netns", "add", _BRIDGE], capture_output=True, check=False).returncode == 0
    if made:
        _ip("netns", "del", _BRIDGE)
    return made


@contextmanager
def machines(count: int) -> Iterator[list[list[str]]]:
    """Yields, for each of `count` machines, the beginning of a command that runs a program on it."""
    with ExitStack() as stack:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        stack.callback(_ip, "link", "del", _BRIDGE)
        _ip("addr", "add", f"{HOST}/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        commands = []
        for number in range(count):
            name, port = f"{_BRIDGE}-{number}", f"sc-port{number}"
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
            _ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", port, "master", _BRIDGE, "up")
            _ip("-n", name, "addr", "add", f"10.231.17.{number + 2}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                _ip("-n", name, "link", "set", device, "up")
            commands.append(["ip", "netns", "exec", name])
        yield commands


@contextmanager
def forwarded(target: str | tuple[str, int]) -> Iterator[int]:
    """Yields a port of `HOST` that leads to a server of this machine: an address, or the path of a socket."""
    with socket.create_server((HOST, 0)) as server:

        def accept() -> None:
            with suppress(OSError):  # the end of the block closes the server
                while True:
                    client, _ = server.accept()
                    family = socket.AF_UNIX if isinstance(target, str) else socket.AF_INET
                    upstream = socket.socket(family, socket.SOCK_STREAM)
                    upstream.connect(target)
                    for ends in ((client, upstream), (upstream, client)):
                        threading.Thread(target=_pass_on, args=ends, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
