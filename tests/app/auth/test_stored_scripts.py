"""Whatever somebody sends in to be shown is text, on every page, in a real browser; and the policy of pages holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import expect

from app.pages import PAGES
from app.pages.admin import ids as admin
from app.pages.alerts import ids as alerts
from data.sources.cdr import json_schema
from tests.app.conftest import Program, call, run_program, stop_program
from tests.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SCRIPTS = (
    "<img src=x onerror=hit()>",
    '"><svg onload=hit()>',
    "'><a href=javascript:hit()>x</a>",
    "</script><script>hit()</script>",
    "{{constructor.constructor('hit()')()}}",
    "javascript:hit()",
)
SHORT = "<b onclick=hit()>x"
PASSWORD = "correct horse battery"
#: None of these would be there if what was sent in were taken for markup.
TRACES = "[onerror],[onload],[onclick],a[href^='javascript' i],img[src='x'],#vh-root script"
#: The pointer is over each thing with such a tip, for a tip to be shown.
POINTED_AT = """document.querySelectorAll("[data-tip*='hit()']").forEach(
    (spot) => spot.dispatchEvent(new PointerEvent("pointerover", { bubbles: true })))"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program with scripts in every field that anybody may write, and an admin."""
    folder = tmp_path_factory.mktemp("scripts")
    line = [sys.executable, "-m", "app", "user", "add", "ada", "--role", "admin"]
    environ = {"VAR_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    subprocess.run(line, input=PASSWORD, check=True, capture_output=True, text=True, cwd=ROOT, env=environ)
    running = run_program(folder, "serve", AUTH="on", REFRESH_SECONDS="1")
    try:
        fill(running)
        yield running
    finally:
        stop_program(running)


def texts() -> dict[str, int]:
    """The fields of a call that hold any text, with how long it may be."""
    found: dict[str, int] = {}
    for name, schema in json_schema()["properties"].items():
        free = schema.get("type") == "string" and not {"enum", "format"} & schema.keys()
        if free and name not in ("caller", "currency", "call_id", "source"):
            found[name] = int(schema["maxLength"])
    return found


def fill(program: Program) -> None:
    session = requests.Session()
    session.headers["Origin"] = program.url("")
    session.post(program.url("/login"), data={"name": "ada", "password": PASSWORD}, timeout=10)

    def send(path: str, body: Any) -> Any:
        answer = session.post(program.url(path), json=body, timeout=20)
        assert answer.ok, f"{path}: {answer.text[:300]}"
        return answer.json()

    for number, script in enumerate(SCRIPTS):
        fields: dict[str, Any] = {name: script[:most] for name, most in texts().items()}
        fields |= {
            "source": script,
            "language": SHORT,
            "tags": [script],
            "metadata": {script: script, "recording_url": script},
        }
        fields |= {"transcript": f"agent: {script}\nuser: {script}", "caller": f"{number} {script}"}
        fields["trace"] = [{"stage": "llm", "start_ms": 0, "duration_ms": 9, "detail": script, "status": "error"}]
        fields |= {"status": "error" if number % 2 else "success", "latency_ms": 900, "cost": 0.1, "currency": "EUR"}
        told = send("/api/calls", call(f"{script} {number}", **fields))
        assert (told["accepted"], told["rejected"]) == (1, 0), told
        path = f"/api/calls/{quote(script, safe='')}/{quote(f'{script} {number}', safe='')}/notes"
        send(path, {"note": script, "tags": [script]})
        send("/api/views", {"name": script, "path": "/calls", "query": "", "shared": True})
        send("/api/admin/keys", {"name": script, "scopes": ["read"]})
        send("/api/deployments", {"version": script, "service": script, "note": script})
        matcher = {"name": "alertname", "op": "=", "value": script}
        send("/api/silences", {"matchers": [matcher], "duration": "1h", "comment": script, "created_by": script})
        now = datetime.now(UTC)
        labels = {"alertname": script, "severity": script, "host": script}
        notes = {"summary": script, "description": script, "runbook_url": script}
        alert: dict[str, Any] = {
            "labels": labels,
            "annotations": notes,
            "generatorURL": "http://prometheus.example/graph",
        }
        alert |= {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        session.post(program.url("/api/v2/alerts"), json=[alert], timeout=10).raise_for_status()
        agent = {"User-Agent": f"Mozilla/5.0 {script}", "Origin": program.url("")}
        requests.post(
            program.url("/login"), data={"name": script, "password": script}, headers=agent, timeout=10
        )  # fmt: skip
    requests.post(
        program.url("/api/auth/token"), json={"username": "ada", "password": PASSWORD},
        headers={"User-Agent": SCRIPTS[0]}, timeout=10,
    ).raise_for_status()  # fmt: skip


def addresses() -> list[str]:
    found = [page.path for page in PAGES] + ["/account", "/nowhere"]
    found += [f"/admin?view={view}" for view in admin.VIEWS] + [f"/alerts?view={view}" for view in alerts.VIEWS]
    found += [f"/agents?agent={quote(script)}" for script in SCRIPTS[:2]]
    found += [f"/calls?q={quote(SCRIPTS[0])}", f"/?from={quote(SCRIPTS[0])}", f"/trends?by={quote(SCRIPTS[1])}"]
    return found + [
        f"/calls/{quote(script, safe='')}/{quote(f'{script} {number}', safe='')}"
        for number, script in enumerate(SCRIPTS)
    ]


def test_what_is_stored_never_runs_and_no_page_breaks_its_policy(program: Program, page: Page) -> None:
    hits: list[str] = []
    page.expose_function("hit", lambda: hits.append(page.url))
    page.on("dialog", lambda dialog: hits.append(dialog.message))
    refused: list[str] = []
    page.on(
        "console", lambda said: refused.append(f"{page.url}: {said.text}") if "Content Security" in said.text else None
    )
    page.goto(program.url("/login"))
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#vh-main").wait_for()
    seen = 0
    for address in addresses():
        answer = page.goto(program.url(address))
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        page.locator("#vh-main > * > *, .vh-door").first.wait_for()
        page.wait_for_load_state("networkidle") if address == "/account" else page.wait_for_timeout(400)
        seen += page.locator("body").inner_text().count("hit()")
        # From within: between two calls of a driver a refresh may have drawn the spot anew.
        page.evaluate(POINTED_AT)
        assert page.locator(TRACES).count() == 0, address
    assert (hits, refused) == ([], [])
    assert seen > 60  # what was sent in was there to be seen


def test_what_toasts_tips_and_menus_show_is_text(program: Program, page: Page) -> None:
    hits: list[str] = []
    page.expose_function("hit", lambda: hits.append(page.url))
    page.goto(program.url("/login?next=/calls"))
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Open problems").click()
    page.locator(".vh-problem").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#vh-views-menu > summary").click()
    page.locator("#vh-views .vh-view").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#vh-values-menu > summary").click()
    for facet in ("agent", "queue", "tags", "end_reason"):
        page.locator(f"[data-facet={facet}]").click()
        page.locator("#vh-values").get_by_text("hit()").first.wait_for()
        assert page.locator(TRACES).count() == 0
    assert hits == []


def test_the_policy_is_what_stops_a_script_that_gets_in(program: Program, page: Page) -> None:
    page.goto(program.url("/login"))
    page.evaluate(
        "() => { const made = document.createElement('script'); made.textContent = 'window.ran = 1';"
        " document.body.append(made); }"
    )
    page.evaluate("() => { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">') }")
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None


def test_the_admin_page_works_by_hand(program: Program, page: Page, tmp_path: Path) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(program.url("/login?next=/admin"))
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Add user").click()
    form = page.locator("#ad-user")
    form.get_by_label("Name").fill("Grace")
    form.get_by_label("Role").select_option("operator")
    form.get_by_role("button", name="Add user").click()
    link = page.locator("#ad-secret-code")
    link.get_by_text("/password/").wait_for()
    assert "/password/" in link.inner_text()
    page.get_by_role("button", name="Done").click()
    row = page.locator(".ad-users li").filter(has_text="grace")
    row.get_by_text("operator").wait_for()
    row.locator("summary").click()
    row.get_by_role("button", name="Disable").click()
    page.get_by_text("Disable grace?").wait_for()
    page.locator("#ad-confirm-go").click()
    row.get_by_text("disabled", exact=True).wait_for()

    page.get_by_role("button", name="API keys").click()
    page.get_by_role("button", name="Make a key").click()
    form = page.locator("#ad-key")
    form.get_by_label("Name").fill("by hand")
    form.get_by_role("button", name="Make key").click()
    form.get_by_text("Say what the key may do").wait_for()
    form.get_by_text("figures, calls, exports").click()
    form.get_by_role("button", name="Make key").click()
    page.locator("#ad-secret-code").get_by_text("vh_").wait_for()
    page.get_by_role("button", name="Done").click()
    row = page.locator(".ad-keys li").filter(has_text="by hand")
    row.get_by_role("button", name="Revoke").click()
    page.locator("#ad-confirm-go").click()
    page.get_by_role("region", name="Revoked").get_by_text("by hand").wait_for()

    page.get_by_role("button", name="Sessions").click()
    page.locator("[data-mine]").get_by_text("ada").wait_for()
    page.get_by_role("button", name="Audit log").click()
    page.get_by_label("Search the log").fill("by hand")
    page.locator(".ad-audit li").filter(has_text="key revoked").wait_for()
    expect(page.locator(".ad-audit li").filter(has_text="user added")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "audit.csv")
    assert "key created" in (tmp_path / "audit.csv").read_text()

    page.get_by_role("button", name="Data").click()
    page.get_by_role("button", name="Forget a caller").click()
    form = page.locator("#ad-forget")
    form.get_by_label("Number").fill("nobody at all")
    form.get_by_role("button", name="Look for calls").click()
    form.get_by_text("no calls of this caller").wait_for()
    form.get_by_label("Number").fill(f"0 {SCRIPTS[0]}")
    form.get_by_role("button", name="Look for calls").click()
    page.get_by_text("Delete 1 call of this caller?").wait_for()
    page.locator("#ad-confirm-go").click()
    page.locator("#ad-confirm").wait_for(state="hidden")
    assert errors == []
