"""The shipped nginx configuration in front of the real program."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from app.api.body import MOST_BYTES
from app.auth.passwords import hash_password
from data.access.audit import entries
from data.access.keys import add_key
from data.access.roles import Role, Scope
from data.access.users import add_user
from data.record import Record
from tests.app.conftest import Program, call, run_program, stop_program
from tests.docker.parts import DOCKER
from tests.servers import Server, free_port, require, scratch_folder


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """As in the compose file: with sign-in, and nginx the proxy that is believed."""
    running = run_program(tmp_path_factory.mktemp("proxied"), "serve", AUTH="on", TRUSTED_PROXIES="127.0.0.1")
    yield running
    stop_program(running)


@pytest.fixture(scope="module")
def key(program: Program) -> dict[str, str]:
    """The headers of who may everything."""
    record = Record(f"sqlite:///{program.var_dir / 'voicehive.db'}")
    _, secret = add_key(record, "test", [Scope.ADMIN], "test")
    add_user(record, "ann", Role.ADMIN, hash_password("a long password"))
    record.close()
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def proxy(program: Program) -> Iterator[tuple[int, int]]:
    """The ports of pages and of metrics, of the shipped file but for ports and the folder of its files."""
    nginx, ports = require("nginx"), (free_port(), free_port())
    with scratch_folder() as folder:
        text = (DOCKER / "nginx.conf").read_text()
        for shipped, ours in {
            "127.0.0.1:8000": f"127.0.0.1:{program.port}",
            "127.0.0.1:8001": f"127.0.0.1:{program.metrics_port}",
            "listen 8080": f"listen 127.0.0.1:{ports[0]}",
            "listen 9101": f"listen 127.0.0.1:{ports[1]}",
            "/tmp/": f"{folder}/",
        }.items():
            assert shipped in text
            text = text.replace(shipped, ours)
        config = folder / "nginx.conf"
        config.write_text(text)
        command: list[str | Path] = [nginx, "-p", folder, "-c", config, "-g", "daemon off;"]
        with Server(command, port=ports[0], log=folder / "nginx.log"):
            yield ports


def test_nginx_takes_the_shipped_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [require("nginx"), "-t", "-p", tmp_path, "-c", DOCKER / "nginx.conf"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_pages_and_their_files_come_through(proxy: tuple[int, int], program: Program, key: dict[str, str]) -> None:
    page = requests.get(f"http://127.0.0.1:{proxy[0]}/", headers=key, timeout=10)
    assert page.status_code == 200
    assert "Content-Security-Policy" in page.headers
    scripts = re.findall(r'src="(/[^"]+)"', page.text)
    assert scripts
    for script in scripts:
        answer = requests.get(f"http://127.0.0.1:{proxy[0]}{script}", timeout=30)
        assert answer.content == program.get(script).content


def test_a_call_is_posted_and_read(proxy: tuple[int, int], key: dict[str, str]) -> None:
    url = f"http://localhost:{proxy[0]}"
    assert requests.post(f"{url}/api/calls", json=call("through"), headers=key, timeout=10).status_code == 201
    assert requests.get(f"{url}/api/calls/test/through", headers=key, timeout=10).json()["status"] == "success"


def test_the_socket_speaks_to_a_browser_of_this_address_only(proxy: tuple[int, int], key: dict[str, str]) -> None:
    url = f"ws://127.0.0.1:{proxy[0]}/api/dashboard/ws/real-time"
    client = websocket.create_connection(url, header=key, origin=f"http://127.0.0.1:{proxy[0]}", timeout=10)
    assert "total_calls" in json.loads(client.recv())
    client.close()
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, header=key, origin="https://evil.example", timeout=10)


def test_a_proxy_with_tls_before_it_is_heard(proxy: tuple[int, int], program: Program, key: dict[str, str]) -> None:
    headers = {"Host": "calls.example", "Origin": "https://calls.example", "X-Forwarded-Proto": "https"}
    form = {"name": "ann", "password": "a long password"}
    given = requests.post(
        f"http://127.0.0.1:{proxy[0]}/login",
        data=form,
        headers=headers | {"X-Forwarded-For": "9.9.9.9"},
        timeout=10,
        allow_redirects=False,
    )
    assert given.headers["Set-Cookie"].startswith("__Host-voicehive=")
    record = Record(f"sqlite:///{program.var_dir / 'voicehive.db'}")
    newest = entries(record)[0]
    record.close()
    # Both hops are 127.0.0.1 here, which is trusted: the first address that is not is the client's.
    assert (newest.action, newest.address) == ("signed in", "9.9.9.9")


def test_who_shows_nothing_is_refused(proxy: tuple[int, int]) -> None:
    assert requests.get(f"http://127.0.0.1:{proxy[0]}/api/kpis", timeout=10).status_code == 401


def test_too_large_a_body_is_answered_like_the_apps_other_errors(proxy: tuple[int, int]) -> None:
    answer = requests.post(f"http://127.0.0.1:{proxy[0]}/api/calls", data=b"[" + b" " * 9_000_000, timeout=30)
    assert answer.status_code == 413
    assert set(answer.json()["error"]) == {"code", "message", "request_id"}
    shipped = re.search(r"client_max_body_size (\d+)m;", (DOCKER / "nginx.conf").read_text())
    assert shipped and int(shipped[1]) * 1024**2 == MOST_BYTES


def test_the_second_port_has_the_metrics_and_nothing_else(proxy: tuple[int, int]) -> None:
    metrics = requests.get(f"http://127.0.0.1:{proxy[1]}/metrics", timeout=10)
    assert "voicehive_database_up 1.0" in metrics.text
    assert requests.get(f"http://127.0.0.1:{proxy[1]}/", timeout=10).status_code == 404
