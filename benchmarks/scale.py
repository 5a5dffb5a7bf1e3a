"""Throughput of 1, 2 and 4 workers that share nothing but PostgreSQL and Redis, and of the most by way of PgBouncer."""

import argparse
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from time import perf_counter
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import connection

from benchmarks import sample_data
from benchmarks.machines import HOST, available, forwarded, machines
from benchmarks.reporting import Figure
from catalog.models import Product
from hub import lanes
from hub.kinds import Kind
from hub.models import Change, Job
from hub.queue import enqueue
from sandbox.process import SandboxProcess, start
from synccenter import roles
from synccenter.processes import Processes

ROOT = Path(__file__).resolve().parent.parent


def run(argv: list[str]) -> list[Figure]:
    """Many sellers with changed products and a target each, which needs `--latency` milliseconds per call. Each worker
    has files of its own and, where namespaces can be made, a network of its own, as on another machine. With PgBouncer,
    connections are shared by transactions.
    """
    parser = argparse.ArgumentParser(prog="./dev bench scale")
    parser.add_argument("--sellers", type=int, default=8)
    parser.add_argument("--items", type=int, default=1_000, help="changed products of each seller and round")
    parser.add_argument("--latency", type=int, default=200, help="ms per call of 100 items")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--pgbouncer", default=shutil.which("pgbouncer"), help="its program (default: on PATH)")
    options = parser.parse_args(argv)
    accounts = {f"erp{number}": f"token{number}" for number in range(options.sellers)}
    most = max(options.workers)
    figures = []
    with (
        start("rest", accounts=accounts, latency_ms=options.latency, contract="off") as system,
        _machines(most, system) as (machines, shared),
    ):
        jobs = [
            sample_data.target(sample_data.catalog(f"seller{number}", options.items), system, account=account)
            for number, account in enumerate(accounts)
        ]
        rounds = [(f"{count} workers", count, shared) for count in options.workers]
        with ExitStack() as stack:
            if options.pgbouncer:
                pool = shared | _pool(stack, options.pgbouncer, HOST if machines[0] else "127.0.0.1")
                rounds.append((f"{most} workers by way of PgBouncer", most, pool))
            speeds = []
            for name, count, environment in rounds:
                seconds, processor = _drain(name, jobs, system, machines[:count], environment)
                items = len(jobs) * options.items
                speeds.append(items / seconds)
                figures.append(Figure(name, items / seconds, "items/s"))
                figures.append(Figure(f"{name}: their processor time", 1000 * processor / items, "ms/item"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'")
        [size] = cursor.fetchone()
    figures.append(Figure(f"size per product, one target, {len(rounds)} changes", size / items / 1024, "KiB"))
    first, last = speeds[0], speeds[len(options.workers) - 1]
    figures.append(Figure(f"{most} workers relative to {options.workers[0]}", last / first, ""))
    if options.pgbouncer:
        figures.append(Figure.at_least("by way of PgBouncer relative to direct", speeds[-1] / last, "", 0.8))
    figures.append(Figure("workers with a network of their own", len(machines) if machines[0] else 0, "workers"))
    return figures


@contextmanager
def _machines(count: int, system: SandboxProcess) -> Iterator[tuple[list[list[str]], dict[str, str]]]:
    """The beginning of the command of each worker, and the environment with which it reaches what workers share.

    PostgreSQL is reached by its socket in the file system; Redis and the targets by the network.
    """
    if not available():
        yield [[] for _ in range(count)], {}
        return
    redis = urlsplit(settings.REDIS_URL)
    with (
        machines(count) as commands,
        forwarded((redis.hostname or "", redis.port or 6379)) as redis_port,
        forwarded(("127.0.0.1", urlsplit(system.url).port or 80)) as target_port,
    ):
        system.url = f"http://{HOST}:{target_port}"
        settings.PRIVATE_HOSTS_ALLOWED = [*settings.PRIVATE_HOSTS_ALLOWED, HOST]
        yield (
            commands,
            {
                "REDIS_URL": f"redis://:{redis.password}@{HOST}:{redis_port}{redis.path}",
                "PRIVATE_HOSTS_ALLOWED": HOST,
            },
        )


def _drain(
    title: str, jobs: list[Job], system: SandboxProcess, machines: list[list[str]], environment: dict[str, str]
) -> tuple[float, float]:
    """Changes every product, and returns the seconds until the targets have all, and the CPU seconds of the workers."""
    Product.objects.update(title=title)
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        names = [f"worker-{number}" for number in range(len(machines))]
        for name, command in zip(names, machines, strict=True):
            home = Path(folder, name)
            home.mkdir()
            own = environment | {"SYNCCENTER_VAR": str(home), "TMPDIR": str(home), "HOME": str(home)}
            processes.start(name, [*command, *roles.worker(name)], own, cwd=ROOT)
        for name in names:
            processes.wait_for(name, " ready.", timeout=120)
        before = sum(_cpu_seconds(processes.pid(name)) for name in names)
        for job in jobs:
            ids = list(Product.objects.filter(seller=job.connection.seller).values_list("pk", flat=True))
            enqueue(seller_id=job.connection.seller_id, kind=Kind.PRODUCT, item_ids=ids)
        started = perf_counter()
        pause = Event()
        while Change.objects.exists():
            lanes.sweep()
            lanes.notify_workers()
            pause.wait(0.2)
        seconds = perf_counter() - started
        processor = sum(_cpu_seconds(processes.pid(name)) for name in names) - before
        assert not any("Traceback" in processes.log(name) for name in names)
    for account in system.accounts:
        assert {item["title"] for item in system.state("products", account)} == {title}
    return seconds, processor


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _pool(stack: ExitStack, program: str, host: str) -> dict[str, str]:
    """Starts PgBouncer in transaction mode; what a process needs to use it."""
    with socket.create_server((host, 0)) as probe:
        port = probe.getsockname()[1]
    database = connection.settings_dict
    known = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
    target = " ".join(f"{name}='{database[key]}'" for name, key in known.items() if database[key])
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    folder.chmod(0o755)
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n{database['NAME']} = {target}\n[pgbouncer]\nlisten_addr = {host}\nlisten_port = {port}\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 4\nunix_socket_dir =\n"
        # It refuses to run as root.
        + ("user = nobody\n" if os.geteuid() == 0 else "")
    )
    processes = stack.enter_context(Processes())
    processes.start("pgbouncer", [program, str(settings)])
    processes.wait_for("pgbouncer", "process up")
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'] or '-')}"
    return {"DATABASE_URL": f"postgresql://{login}@{host}:{port}/{database['NAME']}", "DATABASE_POOLED": "1"}
