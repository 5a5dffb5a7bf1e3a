"""The browser that tests drive: a Chrome or Chromium of this machine, or one that is brought to it.

`python -m tests.browser_binary` prints its path, and installs it first where that is needed.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from synccenter.embedded.locks import Lock

CACHE = Path(__file__).resolve().parent.parent / "var" / "browser"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome")
PLACES = (
    *(f"/usr/bin/{name}" for name in NAMES),
    "/opt/google/chrome/chrome",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# Where Playwright keeps its downloads by default, and what the programs in them are called.
PLAYWRIGHT_CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
PLAYWRIGHT_PROGRAMS = ("chrome-headless-shell", "headless_shell", "chrome")
START_SECONDS = 60
DOWNLOAD_SECONDS = 600
PACKAGES_SECONDS = 900

Source = Callable[[], Iterable[Path]]


class NoBrowser(RuntimeError):
    """No browser starts here, and none could be installed. The message is one line that says what to do."""


def ensure_browser() -> Path:
    """The browser's program, found or installed by the first call and remembered in `var/browser`.

    Several processes may call it at the same moment. Raises NoBrowser.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    remembered = CACHE / "path"
    with _alone(CACHE / "lock"):
        if remembered.exists() and os.access(program := Path(remembered.read_text()), os.X_OK):
            return program
        ensure_driver()
        program = find(SOURCES)
        remembered.write_text(str(program))
        return program


def find(sources: Iterable[Source]) -> Path:
    """The first program of the first source that starts; later sources are not asked. Raises NoBrowser."""
    for source in sources:
        for program in source():
            if starts(program):
                return program
    raise NoBrowser(
        "The browser tests need Chrome or Chromium: install one (on Debian, as root: apt-get install chromium), "
        f"then try again. {CACHE / 'log'} lists what was tried."
    )


def ensure_driver() -> None:
    """Playwright's own program starts: it needs a library that the smallest Debian lacks. Raises NoBrowser."""
    driver = [sys.executable, "-m", "playwright", "--version"]
    if _run(driver, START_SECONDS)[0]:
        return
    if _can_install():
        _install_packages("libatomic1")
        if _run(driver, START_SECONDS)[0]:
            return
    raise NoBrowser(
        "Playwright's driver does not start, probably for want of libatomic (on Debian, as root: apt-get install "
        f"libatomic1). {CACHE / 'log'} has what it said."
    )


def starts(program: Path) -> bool:
    """Whether it can show a page: a browser without the libraries it needs, or a stub for a snap, cannot."""
    # Deleting is given up quietly: a helper process of the browser may still write to its folder for a moment.
    with tempfile.TemporaryDirectory(prefix="synccenter-browser-", ignore_cleanup_errors=True) as profile:
        options = [*ARGUMENTS, "--headless", f"--user-data-dir={profile}", "--dump-dom", "about:blank"]
        succeeded, output = _run([program, *options], seconds=START_SECONDS)
    return succeeded and "<html>" in output


def installed() -> Iterator[Path]:
    """What the machine has on PATH and in the usual places."""
    found = [Path(path) for name in NAMES if (path := shutil.which(name))]
    found += [Path(place) for place in PLACES if os.access(place, os.X_OK)]
    yield from dict.fromkeys(found)


def downloaded() -> Iterator[Path]:
    """What Playwright has downloaded already, newest first, for this checkout or for all of a person's projects."""
    own = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    for cache in (CACHE, *(Path(folder).expanduser() for folder in (own, *PLAYWRIGHT_CACHES) if folder)):
        builds = sorted(cache.glob("chromium*-*"), key=lambda build: build.stat().st_mtime, reverse=True)
        for build in builds:
            for name in PLAYWRIGHT_PROGRAMS:
                yield from build.glob(f"*/{name}")


def download() -> Iterator[Path]:
    """Playwright's own download. It fails within seconds where its hosts cannot be reached."""
    _tell("Downloading Chromium for the browser tests ...")
    environment = {"PLAYWRIGHT_BROWSERS_PATH": str(CACHE), "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    install = [sys.executable, "-m", "playwright", "install", "chromium-headless-shell"]
    if _run(install, seconds=DOWNLOAD_SECONDS, **environment)[0]:
        yield from downloaded()


def system_packages() -> Iterator[Path]:
    """As root: Debian's Chromium. Ubuntu has it as a snap alone, so there it is the libraries of Playwright's."""
    if not _can_install():
        return
    _tell("Installing Chromium for the browser tests with apt-get ...")
    if platform.freedesktop_os_release()["ID"] == "ubuntu":
        if _run([sys.executable, "-m", "playwright", "install-deps", "chromium-headless-shell"], PACKAGES_SECONDS)[0]:
            yield from downloaded()
    elif _install_packages("chromium"):
        yield from installed()


SOURCES: tuple[Source, ...] = (installed, downloaded, download, system_packages)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = Lock(path)
    lock.take()
    try:
        yield
    finally:
        lock.release()


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install_packages(*names: str) -> bool:
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
    # An update that reaches only some of its sources may still find the packages.
    _run([*apt, "update"], PACKAGES_SECONDS)
    install = [*apt, "install", "--yes", "--no-install-recommends", *names]
    return _run(install, PACKAGES_SECONDS, DEBIAN_FRONTEND="noninteractive")[0]


def _run(argv: list[str | Path], seconds: float, **environment: str) -> tuple[bool, str]:
    """Whether the program exited with 0 within the timeout, and its standard output; all its output goes to the log."""
    with (CACHE / "log").open("a") as log:
        print("$", *argv, file=log, flush=True)
        try:
            done = subprocess.run(
                argv,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            print(error, file=log)
            return False, ""
        print(done.stdout, f"ended with {done.returncode}", file=log)
    return done.returncode == 0, done.stdout


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(ensure_browser())
    except NoBrowser as error:
        sys.exit(str(error))
