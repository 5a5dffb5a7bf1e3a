"""The PostgreSQL server that real servers keep their data in."""

import os
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


class Postgres:
    """A PostgreSQL server by its URL, and the folder of its programs. The user must be able to create databases."""

    def __init__(self, url: str, binaries: Path) -> None:
        parts = urlsplit(url)
        host = parse_qs(parts.query).get("host", [unquote(parts.hostname or "")])[0]
        found = {"PGHOST": host, "PGUSER": unquote(parts.username or ""), "PGPASSWORD": unquote(parts.password or "")}
        found["PGPORT"] = str(parts.port or parse_qs(parts.query).get("port", [""])[0])
        self.environment = {name: value for name, value in found.items() if value}
        self.binaries = binaries

    def run(self, program: str, *arguments: str) -> None:
        environment = os.environ | self.environment
        done = subprocess.run([self.binaries / program, *arguments], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")

    def create(self, name: str) -> None:
        """An empty database, in place of the one of this name."""
        self.drop(name)
        self.run("createdb", "--template=template0", "--encoding=UTF8", name)

    def drop(self, name: str) -> None:
        self.run("dropdb", "--if-exists", "--force", name)
