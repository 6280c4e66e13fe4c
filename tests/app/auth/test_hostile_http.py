"""Requests as no browser sends them, to the real program: nobody gets past the door, and nothing breaks."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from tests.app.auth.test_doors import PASSWORD, voicehive
from tests.app.conftest import Program, run_program, stop_program

#: How a page of administration might be asked for past a look at the path.
TRICKS = (
    "/admin", "//admin", "///admin", "/./admin", "/x/../admin", "/%2e/admin", "/x/%2e%2e/admin", "/%2e%2e/admin",
    "/x/..%2fadmin", "/admin/", "/admin//", "/admin;x", "/admin;x=1/", "/admin%00", "/admin%20", "/admin%3Fx",
    "/%61dmin", "/%2561dmin", "/ADMIN", "/admin.", "/admin#x", "/\\admin", "/admin%5c", "/admin%0d%0aX-Hit:%201",
    "/_live/admin",
    "//_live/admin", "/_live//admin", "/_live/%61dmin", "/_live/x/../admin", "/api/admin/users", "//api/admin/users",
    "/api//admin/users", "/api/admin/users/", "/api/admin/users;x", "/api/%61dmin/users", "/api/./admin/users",
    "/assets/../api/admin/users", "/assets/%2e%2e/api/admin/users", "/healthz/../admin", "/login/../admin",
    "http://evil.example/admin", "http://127.0.0.1/admin", "/?next=/admin",
)  # fmt: skip


#: What only admins see: the page, a user in a list.
MARKS = ("ad-page", "ad-row", '"disabled"')


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = run_program(tmp_path_factory.mktemp("hostile"), "serve", AUTH="on")
    yield running
    stop_program(running)


def raw(program: Program, head: str, body: bytes = b"") -> bytes:
    """What the program answers until it ends the connection."""
    with socket.create_connection(("127.0.0.1", program.port), timeout=20) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer


def request(program: Program, target: str, *headers: str, method: str = "GET", body: bytes = b"") -> tuple[int, str]:
    """Status and the rest of an answer."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{program.port}", "Connection: close", *headers]
    answer = raw(program, "\r\n".join(lines), body).decode("latin-1")
    return int(answer.split(" ", 2)[1]), answer


@pytest.fixture(scope="module")
def cookie(program: Program) -> str:
    """The header of somebody who is signed in, and no admin."""
    voicehive(program, "user", "add", "bob")
    session = requests.Session()
    given = {"name": "bob", "password": PASSWORD}
    session.post(program.url("/login"), data=given, headers={"Origin": program.url("")}, timeout=20)
    return f"Cookie: voicehive={session.cookies['voicehive']}"


@pytest.mark.parametrize("target", TRICKS, ids=ascii)
def test_no_spelling_of_an_address_gets_past_the_door(program: Program, cookie: str, target: str) -> None:
    status, answer = request(program, target)
    assert status in (302, 400, 401, 403, 404), answer[:200]
    if status == 302:
        assert "\nLocation: /login" in answer, answer[:300]
    assert "\nX-Hit" not in answer
    status, answer = request(program, target, cookie)
    assert status != 500
    assert not [mark for mark in MARKS if mark in answer]
    # What is on a page comes by its address in the Referer.
    status, answer = request(program, "/_dash-layout", cookie, f"Referer: http://127.0.0.1:{program.port}{target}")
    assert status in (200, 400), answer[:200]
    assert not [mark for mark in MARKS if mark in answer]


@pytest.mark.parametrize(
    "headers",
    [
        ("X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"),
        ("Forwarded: for=127.0.0.1;host=evil.example;proto=https",),
        ("X-Original-URL: /healthz", "X-Rewrite-URL: /healthz"),
        ("X-HTTP-Method-Override: GET", "X-Forwarded-Prefix: /healthz"),
        ("Script-Name: /admin", "SCRIPT_NAME: /admin", "PATH_INFO: /healthz", "REMOTE_USER: admin"),
        ("X-Forwarded-User: admin", "X-Remote-User: admin", "Remote-User: admin", "X-Forwarded-Port: 1"),
    ],
    ids=lambda headers: headers[0].split(":")[0],
)  # fmt: skip
def test_no_header_makes_another_of_who_asks(program: Program, headers: tuple[str, ...]) -> None:
    status, answer = request(program, "/api/admin/users", *headers)
    assert status in (400, 401), answer[:200]
    status, answer = request(program, "/calls", *headers)
    assert status == 400 or "\nLocation: /login?next=%2Fcalls\r" in answer, answer[:400]
    assert "evil.example" not in answer
    assert "\nStrict-Transport-Security" not in answer


def test_what_is_larger_than_any_browser_sends_is_refused_and_costs_nothing(program: Program) -> None:
    for headers in (
        ("Cookie: voicehive=" + "x" * 60_000,),
        ("Cookie: " + "; ".join(f"voicehive={n}" for n in range(5_000)),),
        tuple(f"X-{n}: 1" for n in range(500)),
    ):
        assert request(program, "/api/kpis", *headers)[0] in (400, 401, 431)
    assert request(program, "/" + "x" * 20_000)[0] in (400, 414)
    # Near the bound, and in bytes that are no text: nobody's.
    for secret in ("x" * 8_000, "vh_" + "x" * 8_000, "\x80\xff" * 100, '"\\054"', "vh_\xed\xa0\x80"):
        assert request(program, "/api/kpis", f"Cookie: voicehive={secret}")[0] == 401
        assert request(program, "/api/kpis", f"Authorization: Bearer {secret}")[0] == 401
    assert program.get("/healthz").ok


def test_a_request_within_a_request_is_none(program: Program) -> None:
    hidden = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in (
        ("Transfer-Encoding: chunked", f"Content-Length: {len(hidden)}"),
        ("Transfer-Encoding: xchunked",),
        ("Content-Length: 1", "Content-Length: 2"),
        ("Content-Length: +1",),
    ):
        status, answer = request(program, "/login", *headers, method="POST", body=hidden)
        assert status in (400, 501), answer[:200]
        assert answer.count("HTTP/1.1 ") == 1
    for hosts in (("127.0.0.1", "evil.example"), ("evil.example",), ("127.0.0.1:x@evil.example",), ("",)):
        lines = ["GET /login HTTP/1.1", *(f"Host: {host}" for host in hosts), "Connection: close"]
        status = int(raw(program, "\r\n".join(lines)).split(b" ", 2)[1])
        assert status in (400, 403), hosts
