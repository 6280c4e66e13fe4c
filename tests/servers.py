"""Programs that tests start beside themselves: where they are, on which port, how they stop.

A server is stopped by its process id when its fixture ends. When the test run itself is killed, Linux sends the server
its stop signal (setpriv --pdeathsig); elsewhere an exit handler does what it can. The signal is bound to the thread
that started the server, so start servers from the test's own thread.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

CI = os.environ.get("CI") == "true"

# Other names and places of a program; its own name on the PATH comes first.
ELSEWHERE = {
    "alertmanager": ["prometheus-alertmanager"],
    "chromium": [
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ],
    "nginx": ["/usr/sbin/nginx"],
}


def find(program: str) -> str | None:
    """The path of a program, or None."""
    if program in ("initdb", "postgres", "pg_dump", "psql"):
        versions = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
        if newest := max(versions, key=lambda path: float(path.parts[-3]), default=None):
            return str(newest)
    for name in [program, *ELSEWHERE.get(program, [])]:
        if path := shutil.which(name):
            return path
    return None


def require(program: str) -> str:
    """The path of a program; without it the test is skipped by name, and with CI=true it fails."""
    path = find(program)
    if path is None:
        reason = f"the program {program!r} is missing (make test installs it on Debian and Ubuntu)"
        if CI:
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


#: How long anything is waited for, in seconds: a busy machine may be slow, so that no wait is a judgement.
PATIENCE = 90


def wait_until(condition: Callable[[], object], what: str = "condition", within: float = PATIENCE) -> None:
    """Wait until the condition holds, else fail naming it; one that takes long to look at is looked at less often."""
    asked = time.monotonic()
    deadline = asked + within
    while not condition():
        now = time.monotonic()
        if now > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(min(max(0.02, 3 * (now - asked)), 0.5))
        asked = time.monotonic()


# --- folders

PREFIX = "voicehive-test-"


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of its own for a server; its name carries our process id, see `remove_leftovers`."""
    # pytest's tmp_path lies in a folder that only we may enter; a server that runs as another user could not.
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir="/tmp" if os.name == "posix" else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> None:
    """Remove the scratch folders of test runs that were killed."""
    for folder in Path("/tmp").glob(f"{PREFIX}*"):
        if found := re.match(rf"{PREFIX}(\d+)-", folder.name):
            try:
                os.kill(int(found[1]), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except PermissionError:
                pass


# --- processes


def launcher(user: str | None = None, death_signal: signal.Signals | None = None) -> list[str]:
    """What goes before a command to run it as another user and to have it stopped when we die."""
    if setpriv := shutil.which("setpriv"):
        command = [setpriv]
        if user:
            command += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
        if death_signal:
            command += ["--pdeathsig", death_signal.name.removeprefix("SIG")]
        return [*command, "--"] if len(command) > 1 else []
    return ["runuser", "-u", user, "--"] if user else []


class Server:
    """A program on a loopback port. It may be stopped, killed and started again on the same port."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        port: int,
        log: Path,
        ready: Callable[[], object] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.command = [str(part) for part in command]
        self.port = port
        self.log = log
        self.ready = ready or (lambda: listening(port))
        self.stop_signal = stop_signal
        self.user = user
        self.env = env
        self.cwd = cwd
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None, "not started"
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> Server:
        """Start it and wait until it is ready; a start that fails shows the end of its log."""
        assert not self.running, "already running"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*launcher(self.user, self.stop_signal), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=None if self.env is None else {**os.environ, **self.env},
                start_new_session=True,  # Ctrl-C in the terminal is for pytest, which then stops us
            )
        atexit.register(self.stop)
        try:
            wait_until(lambda: not self.running or self.ready(), f"{self.command[0]} ready")
            if not self.running:
                raise RuntimeError(f"{self.command[0]} ended with {self.process.returncode}")
        except Exception as error:
            self.kill()
            error.add_note(self.log.read_text(errors="replace")[-3000:])
            raise
        return self

    def stop(self) -> None:
        """Ask it to stop; after 10 s kill it."""
        atexit.unregister(self.stop)
        if self.process is None:
            return
        if self.running:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """kill -9."""
        atexit.unregister(self.stop)
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Server:
        return self if self.running else self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()


# --- the servers of the fixtures


@contextlib.contextmanager
def postgres() -> Iterator[Server]:
    """A PostgreSQL cluster of its own: fsync on, no password, loopback only, no Unix socket."""
    initdb, program = require("initdb"), require("postgres")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    with scratch_folder() as folder:
        if user:
            shutil.chown(folder, user, user)
        cluster = folder / "data"
        making = f"-D {cluster} -U voicehive -A trust -E UTF8 --locale=C --no-sync --no-instructions"
        command = [*launcher(user), initdb, *making.split()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        port = free_port()
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "on"}
        command = [program, "-D", str(cluster)]
        for key, value in options.items():
            command += ["-c", f"{key}={value}"]

        def ready() -> bool:
            try:
                psycopg.connect(f"postgresql://voicehive@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        # SIGINT is its fast stop: it does not wait for clients to go away
        log = folder / "postgres.log"
        with Server(command, port=port, log=log, ready=ready, stop_signal=signal.SIGINT, user=user, cwd=folder) as it:
            yield it


@contextlib.contextmanager
def redis() -> Iterator[Server]:
    """A Redis of its own that keeps nothing on disk."""
    program = require("redis-server")
    with scratch_folder() as folder:
        port = free_port()
        options = f"--port {port} --bind 127.0.0.1 --dir {folder} --appendonly no"
        command = [program, *options.split(), "--save", ""]
        with Server(command, port=port, log=folder / "redis.log") as server:
            yield server


# --- the browser

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
