"""Fixtures for all tests: servers (once per test process), databases (a fresh one per test), the browser.

tests/servers.py has the helpers `require`, `free_port`, `wait_until` and `Server`, for programs a test starts itself.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import settings

from tests import servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent

# Examples are not timed: on a busy machine that fails for no reason. pytest-timeout bounds the whole test.
settings.register_profile("voicehive", deadline=None)
settings.load_profile("voicehive")

NEEDS_BROWSER = {"browser", "page", "dash_duo", "dash_br", "dash_thread_server"}
NEEDS_POSTGRES = {"postgres_server", "postgres_url", "postgres_database"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or PostgreSQL; slow tests first, for both processes to end together, and browser
    tests last: Playwright leaves an event loop running in its thread, in which asyncio.run() would fail."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & NEEDS_BROWSER:
            item.add_marker("browser")
        if fixtures & NEEDS_POSTGRES:
            item.add_marker("postgres")
    items.sort(key=lambda item: ("browser" in item.keywords, "slow" not in item.keywords))


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        servers.remove_leftovers()


# --- databases


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Server]:
    """PostgreSQL, started once; a test that stops or kills it starts one of its own: `servers.postgres()`."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: servers.Server) -> str:
    """The maintenance database of the server, as an SQLAlchemy URL."""
    return f"postgresql+psycopg://voicehive@127.0.0.1:{postgres_server.port}/postgres"


NUMBERS = itertools.count(1)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """A fresh, empty database, as an SQLAlchemy URL."""
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield postgres_url.removesuffix("postgres") + name
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    """Redis, started once; a test that stops or kills it starts one of its own: `servers.redis()`."""
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(redis_server: servers.Server) -> str:
    """The URL of the Redis server; what a test leaves in it the next one finds."""
    return f"redis://127.0.0.1:{redis_server.port}/0"


# --- browser


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    return servers.require("chromium")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium under Playwright, started once, with a profile of its own that goes away with it."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=servers.PATIENCE * 1000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=servers.CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser context of its own (cookies, storage); 1440 x 900, English, UTC, nothing animated."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-US", timezone_id="UTC", reduced_motion="reduce"
    )
    context.set_default_timeout(servers.PATIENCE * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the page's scripts and requests complained of so far."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.hookimpl(optionalhook=True)
def pytest_setup_options() -> Any:
    """How dash[testing] starts Chromium."""
    from selenium.webdriver.chrome.options import Options

    os.environ["DASH_TEST_CHROMEPATH"] = servers.require("chromium")
    os.environ["SE_CHROMEDRIVER"] = servers.require("chromedriver")  # otherwise selenium looks for one on the network
    options = Options()
    for flag in servers.CHROMIUM_FLAGS:
        options.add_argument(flag)
    return options


# --- data


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Real call data sets beside the checkout; tests that use them are skipped where there are none."""
    folder = ROOT.parent / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip("no data sets in ../shared/datasets")
    return folder
