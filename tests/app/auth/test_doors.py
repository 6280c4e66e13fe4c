"""The real program with sign-in on: the first account, the browser, the socket, TLS, the exporter."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import websocket
from playwright.sync_api import expect

from tests.app.auth.test_start import certificate as certificate
from tests.app.axe import violations
from tests.app.conftest import Program, call, run_program, stop_program
from tests.conftest import ROOT
from tests.servers import free_port, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "a long password"


def voicehive(program: Program, *arguments: str, typed: str = PASSWORD) -> str:
    """What a command prints, beside the running program."""
    environ = {"VAR_DIR": str(program.var_dir), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments], env=environ, cwd=ROOT, text=True, input=typed, capture_output=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def printed_link(program: Program) -> str:
    """The link to the first account on the program's console."""
    assert program.process.stdout
    for line in program.process.stdout:
        if found := re.search(r"http\S+/setup/\S+", line):
            return found[0]
    raise AssertionError("no link was printed")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Served with sign-in; its first account is made by the printed link in the first test that wants it."""
    running = run_program(tmp_path_factory.mktemp("doors"), "serve", AUTH="on", REFRESH_SECONDS="1")
    yield running
    stop_program(running)


@pytest.fixture(scope="module")
def link(program: Program) -> str:
    return printed_link(program)


@pytest.fixture(scope="module")
def admin(program: Program, link: str) -> requests.Session:
    """The first account, made by the link."""
    browser = requests.Session()
    browser.headers["Origin"] = program.url("")
    assert browser.get(link, timeout=10).status_code == 200
    short = browser.post(link, data={"name": "ann", "password": "short"}, timeout=10)
    assert (short.status_code, "10 to 200 characters" in short.text) == (400, True)
    made = browser.post(link, data={"name": "ann", "password": PASSWORD}, timeout=10, allow_redirects=False)
    assert (made.status_code, made.headers["Location"]) == (303, "/")
    return browser


def test_the_printed_link_makes_the_first_account_once(program: Program, link: str, admin: requests.Session) -> None:
    assert admin.get(program.url("/api/kpis"), timeout=10).status_code == 200
    assert requests.get(link, timeout=10).status_code == 410
    again = requests.post(link, data={"name": "eve", "password": PASSWORD}, timeout=10)
    assert again.status_code == 410
    assert voicehive(program, "user", "list") == "ann  admin"
    assert requests.get(program.url("/setup/unheard-of"), timeout=10).status_code == 410


def test_what_commands_change_works_in_the_running_program(program: Program, admin: requests.Session) -> None:
    key = voicehive(program, "apikey", "create", "machine", "--scope", "ingest")
    headers = {"Authorization": f"Bearer {key}"}

    def sent() -> int:
        return requests.post(program.url("/api/calls"), json=call("k"), headers=headers, timeout=10).status_code

    assert sent() == 201
    assert "used " in voicehive(program, "apikey", "list")
    voicehive(program, "apikey", "revoke", "machine")
    wait_until(lambda: sent() == 401, "the key is over", within=5)
    # Its name is free for the next one, which is another.
    other = voicehive(program, "apikey", "create", "machine", "--scope", "ingest")
    assert sent() == 401
    headers["Authorization"] = f"Bearer {other}"
    assert sent() == 201


def test_the_socket_is_closed_when_its_listener_signs_out(program: Program, admin: requests.Session) -> None:
    voicehive(program, "user", "add", "listener")
    browser = requests.Session()
    browser.headers["Origin"] = program.url("")
    browser.post(program.url("/login"), data={"name": "listener", "password": PASSWORD}, timeout=10)
    url = program.url("/api/dashboard/ws/real-time").replace("http", "ws")
    cookie = f"voicehive={browser.cookies['voicehive']}"
    client = websocket.create_connection(url, cookie=cookie, origin=program.url(""), timeout=10)
    assert "total_calls" in json.loads(client.recv())
    browser.post(program.url("/logout"), timeout=10)
    started = time.monotonic()
    while (frame := client.recv_frame()).opcode != websocket.ABNF.OPCODE_CLOSE:
        assert time.monotonic() - started < 5
    assert int.from_bytes(frame.data[:2], "big") == 1008
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        websocket.create_connection(url, cookie=cookie, timeout=10)


def sign_in(program: Program, page: Page, name: str = "ann") -> None:
    page.goto(program.url("/?zone=UTC"))
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#ov-total").wait_for()


def test_axe_finds_nothing_wrong_with_signing_in(program: Program, page: Page) -> None:
    page.goto(program.url("/login"))
    assert violations(page) == []


def test_a_browser_signs_in_and_out(program: Program, admin: requests.Session, page: Page) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(program.url("/?zone=UTC"))
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Name or password is wrong.").wait_for()
    errors.clear()  # Chromium calls the 401 of a page an error
    sign_in(program, page)
    assert page.url == program.url("/?zone=UTC")
    page.locator("#vh-account > summary").click()
    page.locator("#vh-account").get_by_text("Admin", exact=True).wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto(program.url("/"))
    page.get_by_role("heading", name="Sign in").wait_for()
    assert errors == []


def test_a_page_whose_reader_is_signed_out_says_so_and_asks_no_more(
    program: Program, admin: requests.Session, page: Page
) -> None:
    sign_in(program, page)
    cookies: Any = page.context.cookies()
    secret = next(one["value"] for one in cookies if one["name"] == "voicehive")
    headers = {"Origin": program.url(""), "Cookie": f"voicehive={secret}"}
    requests.post(program.url("/logout"), headers=headers, timeout=10)
    page.get_by_text("You are signed out.").wait_for()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2_500)
    assert asked == []
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    assert "next=%2F" in page.url


def test_a_viewer_reads_reviews_and_is_handed_no_pen(program: Program, admin: requests.Session, page: Page) -> None:
    voicehive(program, "user", "add", "vera")
    review: Any = {"note": "Too long a pause.", "score": 4, "tags": ["slow"]}
    for path, sent in (("", call("reviewed")), ("/test/reviewed/notes", review)):
        assert admin.post(program.url(f"/api/calls{path}"), json=sent, timeout=10).status_code == 201
    sign_in(program, page, "vera")
    page.goto(program.url("/calls/test/reviewed"))
    shown = page.locator("#vh-review")
    expect(shown).to_contain_text("Too long a pause.")
    expect(shown).to_contain_text("operators write them")
    expect(shown.get_by_role("radio", name="4 of 5")).to_be_checked()
    expect(shown.locator("button:enabled, input, textarea")).to_have_count(0)


@pytest.mark.slow
def test_tls_and_the_exporters_key(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """On all addresses, as for others."""
    port, metrics_port = free_port(), free_port()
    environ = {
        "AUTH": "on",
        "HOST": "0.0.0.0",
        "PROMETHEUS_HOST": "0.0.0.0",
        "PORT": str(port),
        "PROMETHEUS_PORT": str(metrics_port),
        "TLS_CERT_FILE": str(certificate[0]),
        "TLS_KEY_FILE": str(certificate[1]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        env=os.environ | {"VAR_DIR": str(tmp_path)} | environ,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
    )
    program = Program(process, port, metrics_port, tmp_path)
    session = requests.Session()
    session.verify = str(certificate[0])
    session.trust_env = False  # an environment may name other authorities
    url = f"https://localhost:{port}"

    def ready() -> bool:
        with contextlib.suppress(requests.RequestException):
            return session.get(f"{url}/readyz", timeout=5).ok
        return False

    try:
        wait_until(ready, "the program is ready")
        assert printed_link(program).startswith(f"{url}/setup/")
        for each in (port, metrics_port):
            socket.create_connection(("127.0.0.2", each), timeout=5).close()
        voicehive(program, "user", "add", "ann", "--role", "admin")
        given = session.post(
            f"{url}/login",
            data={"name": "ann", "password": PASSWORD},
            headers={"Origin": url},
            timeout=10,
            allow_redirects=False,
        )
        assert given.headers["Set-Cookie"].startswith("__Host-voicehive=")
        assert session.get(f"{url}/api/kpis", timeout=10).status_code == 200
        with pytest.raises(requests.RequestException):
            requests.get(f"http://localhost:{port}/healthz", timeout=5)
        metrics = f"https://localhost:{metrics_port}/metrics"
        assert session.get(metrics, timeout=10).status_code == 401
        for scope, expected in (("read", 403), ("scrape", 200)):
            key = voicehive(program, "apikey", "create", scope, "--scope", scope)
            answer = session.get(metrics, headers={"Authorization": f"Bearer {key}"}, timeout=10)
            assert answer.status_code == expected
        assert "voicehive_database_up 1.0" in answer.text
    finally:
        stop_program(program)


def opened_screen(program: Program, page: Page, link: str) -> None:
    """A browser that opened the link; the page is there, and the secret in no address."""
    secret = link.rpartition("/")[2]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer')}"))
    page.goto(program.url(f"/kiosk/{secret}"))
    page.locator("#ov-total").wait_for()
    assert page.url == program.url("/?zone=UTC&kiosk=1")
    assert [one for one in asked if secret in one] == [f"{program.url(f'/kiosk/{secret}')} None"]
    assert page.locator(".vh-nav-links").is_hidden()
    assert page.locator("#vh-views-menu").is_hidden()


def test_a_wall_screen_refreshes_and_ends_with_its_key(program: Program, admin: requests.Session, page: Page) -> None:
    link = voicehive(program, "apikey", "create", "hall", "--scope", "kiosk", "--view", "/?zone=UTC")
    opened_screen(program, page, link)
    before = page.locator("#ov-total").inner_text()
    made = [call(f"wall {n}") for n in range(3)]
    assert admin.post(program.url("/api/calls"), json=made, timeout=10).status_code == 201
    page.wait_for_function("before => document.getElementById('ov-total').innerText !== before", arg=before)
    posted = "() => fetch('/api/screens', {method: 'POST', body: '{}'}).then((answer) => answer.status)"
    assert page.evaluate(posted) == 403
    page.goto(program.url("/admin"))
    page.locator("#ov-total").wait_for()
    assert page.url == program.url("/?zone=UTC&kiosk=1")
    voicehive(program, "apikey", "revoke", "hall")
    page.get_by_role("heading", name="Sign in").wait_for()


def test_the_link_of_a_wall_screen_is_made_and_taken_off_in_the_menu_of_views(
    program: Program, admin: requests.Session, page: Page, browser: Browser
) -> None:
    sign_in(program, page)
    page.locator("#vh-views-menu > summary").click()
    page.get_by_label("Show this page, without sign-in, on").fill("lobby")
    page.get_by_role("button", name="Make a link").click()
    page.locator("#vh-screen-link").wait_for()
    link = page.locator("#vh-screen-link").inner_text()
    page.get_by_text("not opened yet").wait_for()
    context = browser.new_context()
    try:
        screen = context.new_page()
        opened_screen(program, screen, link)
        page.keyboard.press("Escape")
        page.locator("#vh-views-menu > summary").click()
        page.locator("#vh-screens .vh-ago[data-shown]").wait_for()
        assert page.locator("#vh-screen-link").is_hidden()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Take off the wall screen lobby").click()
        screen.get_by_role("heading", name="Sign in").wait_for()
    finally:
        context.close()
