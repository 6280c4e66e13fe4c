"""`doctor` names the cause, whatever is broken."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import text

from app.cli import main
from app.doctor import Finding, State, examine
from app.settings import Settings
from data.analytics import AnalyticCopy
from data.record import Record
from data.times import HOUR, now_micros
from data.writer import apply
from tests.app.reports.bucket import Bucket, bucket
from tests.data.support import call, empty_record
from tests.servers import free_port


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(settings)}


def failing(settings: Settings) -> dict[str, str]:
    return {what: finding.seen for what, finding in found(settings).items() if finding.state is State.FAIL}


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of an installation that has calls and a copy of them, with what a test says on top."""
    record = empty_record(tmp_path / "voicehive.db")
    apply(record, [call(f"c{n}") for n in range(3)])
    copy = AnalyticCopy(record, tmp_path / "analytics.duckdb")
    copy.sync()
    copy.close()
    record.close()
    ports = {"port": free_port(), "prometheus_port": free_port()}
    return lambda **more: Settings(**({"var_dir": tmp_path} | ports | more))


@pytest.fixture
def mail_server() -> Iterator[int]:
    """The port of a mail server that knows one password."""

    def check(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    controller = Controller(
        object(), "127.0.0.1", free_port(), authenticator=check, auth_require_tls=False, auth_required=True
    )
    controller.start()
    yield controller.port
    controller.stop()


def test_a_sound_installation_has_nothing_that_fails(given: Callable[..., Settings]) -> None:
    findings = found(given())
    assert not [finding for finding in findings.values() if finding.state is State.FAIL]
    assert findings["database"].seen == "3 calls"
    assert findings["analytic copy"].seen.startswith("3 calls")


def test_before_the_first_start_nothing_fails_and_nothing_is_made(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path / "var", port=free_port(), prometheus_port=free_port())
    assert failing(settings) == {}
    assert not (tmp_path / "var").exists()


def test_a_port_of_another_program(given: Callable[..., Settings]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = other.getsockname()[1]
        assert f"can't listen on 127.0.0.1:{taken}" in failing(given(port=taken))["ports"]


def test_a_folder_that_can_not_be_written(given: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert "can't write" in failing(given(archive_dir=tmp_path / "file"))["ARCHIVE_DIR"]


def test_a_full_disk(given: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert "0.0 GB free" in failing(given())["disk"]


def test_a_damaged_database(given: Callable[..., Settings], tmp_path: Path) -> None:
    database = tmp_path / "voicehive.db"
    content = bytearray(database.read_bytes())
    content[:100] = b"x" * 100
    database.write_bytes(content)
    assert "not a database" in failing(given())["database"]


def test_a_database_that_is_away(given: Callable[..., Settings]) -> None:
    url = f"postgresql+psycopg://voicehive:pw@127.0.0.1:{free_port()}/voicehive"
    assert "onnection refused" in failing(given(database_url=url))["database"]


def test_a_file_that_is_no_record(given: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "other.db").touch()
    settings = given(database_url=f"sqlite:///{tmp_path / 'other.db'}")
    assert "no such table" in failing(settings)["database"]


def test_a_schema_of_a_newer_version(given: Callable[..., Settings], tmp_path: Path) -> None:
    record = Record(f"sqlite:///{tmp_path / 'voicehive.db'}")
    with record.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    record.close()
    assert "newer version" in failing(given())["schema"]


def test_a_clock_that_is_behind(given: Callable[..., Settings], tmp_path: Path) -> None:
    record = Record(f"sqlite:///{tmp_path / 'voicehive.db'}")
    apply(record, [call("c9", updated_at=now_micros() + HOUR)])
    record.close()
    assert "behind the newest call" in failing(given())["clock"]


def test_a_mail_server_that_is_away_or_refuses_us(given: Callable[..., Settings], mail_server: int) -> None:
    def url(port: int, password: str) -> SecretStr:
        return SecretStr(f"smtp://me:{password}@127.0.0.1:{port}")

    assert "mail" not in failing(given(smtp_url=url(mail_server, "right")))
    assert "refuses user and password" in failing(given(smtp_url=url(mail_server, "wrong")))["mail"]
    assert "refused" in failing(given(smtp_url=url(free_port(), "right")))["mail"]


def test_mail_to_somebody_without_a_server(given: Callable[..., Settings]) -> None:
    assert "SMTP_URL is not" in failing(given(alert_email_to="me@example.org"))["mail"]


@pytest.mark.parametrize(
    "key", ["slack_webhook_url", "alert_webhook_url", "prometheus_url", "alertmanager_url", "grafana_url"]
)
def test_an_address_where_nobody_answers(given: Callable[..., Settings], key: str) -> None:
    settings = given(**{key: SecretStr(f"http://127.0.0.1:{free_port()}/T0/secret-part")})
    assert "refused" in failing(settings)[key.upper()]
    assert not any("secret-part" in finding.seen for finding in examine(settings))


def free_url() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def store() -> Iterator[Bucket]:
    with bucket() as found:
        yield found


@pytest.fixture
def serving(given: Callable[..., Settings]) -> Iterator[Callable[..., Settings]]:
    """The same settings, while something that looks like their server runs."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok"}')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield lambda **more: given(**{"port": server.server_port} | more)
        server.shutdown()


def test_whatever_keeps_reports_from_leaving_is_named_with_what_to_do(
    serving: Callable[..., Settings], store: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {
        "report_dir": tmp_path / "reports", "report_bucket_url": store.address(),
        "report_webhook_url": SecretStr(f"http://127.0.0.1:{serving().port}/hook"),
        "external_url": f"http://localhost:{serving().port}",
    }  # fmt: skip
    sound = found(serving(**good))
    assert {sound[key.upper()].state for key in good} == {State.OK}
    (tmp_path / "file").write_text("no folder")
    broken: list[tuple[dict[str, Any], str, str, str]] = [
        ({"report_dir": tmp_path / "file"}, "REPORT_DIR", "can't write to", "choose another folder"),
        ({"report_bucket_url": store.address(key="other")}, "REPORT_BUCKET_URL", "InvalidAccessKeyId", "and secret"),
        ({"report_bucket_url": store.address("other")}, "REPORT_BUCKET_URL", "there is no bucket", "mend bucket"),
        ({"report_bucket_url": store.address("x")}, "REPORT_BUCKET_URL", "invalid bucket name", "mend bucket"),
        ({"report_bucket_url": SecretStr(f"http://key:secret-part@127.0.0.1:{free_port()}/reports")},
         "REPORT_BUCKET_URL", "refused", "may this machine reach it"),
        ({"report_bucket_url": SecretStr(store.address().get_secret_value().replace("http:", "https:"))},
         "REPORT_BUCKET_URL", "SSL", "is it right"),
        ({"report_webhook_url": SecretStr(f"{free_url()}/secret-part")},
         "REPORT_WEBHOOK_URL", "refused", "may this machine reach it"),
        ({"external_url": free_url()}, "EXTERNAL_URL", "refused", "may this machine reach it"),
        ({"external_url": f"http://127.0.0.1:{store.port}"}, "EXTERNAL_URL", "answers 403", "that people use"),
        ({"smtp_url": SecretStr(f"smtp://me:secret-part@127.0.0.1:{free_port()}")},
         "mail", "refused", "may this machine reach it"),
        ({"alert_email_to": "ann@example.org"}, "mail", "SMTP_URL is not", "set SMTP_URL"),
    ]  # fmt: skip
    for change, what, seen, remedy in broken:
        findings = [each for each in examine(serving(**good | change)) if each.state is State.FAIL]
        assert [each.what for each in findings] == [what], change
        assert seen in findings[0].seen and remedy in findings[0].remedy, findings
        assert "secret-part" not in findings[0].seen
    monkeypatch.setitem(sys.modules, "minio", None)
    assert found(serving(**good))["REPORT_BUCKET_URL"].remedy == "pip install minio"


def test_links_that_only_this_machine_opens(given: Callable[..., Settings], mail_server: int) -> None:
    settings = given(smtp_url=SecretStr(f"smtp://me:right@127.0.0.1:{mail_server}"))
    finding = found(settings)["EXTERNAL_URL"]
    assert finding.state is State.NOTE and "only this machine opens" in finding.seen
    assert found(given())["EXTERNAL_URL"].state is State.OK
    assert found(given(external_url=free_url()))["EXTERNAL_URL"].remedy.endswith("while it runs")


def test_redis_and_a_collector_that_are_away(given: Callable[..., Settings]) -> None:
    settings = given(redis_url=f"redis://127.0.0.1:{free_port()}/0", jaeger_host="127.0.0.1", jaeger_port=free_port())
    assert failing(settings).keys() == {"Redis", "JAEGER_HOST"}


def test_the_command_says_it_line_by_line(
    given: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = given()
    monkeypatch.chdir(tmp_path)
    environment = {
        "VAR_DIR": str(tmp_path),
        "PORT": str(settings.port),
        "PROMETHEUS_PORT": str(settings.prometheus_port),
        "GRAFANA_URL": f"http://127.0.0.1:{free_port()}",
    }
    done = CliRunner().invoke(main, ["doctor"], env=environment)
    assert done.exit_code == 1
    (line,) = [line for line in done.output.splitlines() if line.startswith("fail")]
    assert line.startswith("fail  GRAFANA_URL: 127.0.0.1:") and line.endswith("start it, or take the setting out")
    assert CliRunner().invoke(main, ["doctor"], env=environment | {"PORT": "x"}).exit_code == 2
