"""The compose files: valid by their schema, and in step with the code and the files they name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings, load
from tests.conftest import ROOT
from tests.docker.parts import COMPOSE, DOCKER, dockerfile, together

SERVICES: dict[str, dict[str, Any]] = together()["services"]
each_service = pytest.mark.parametrize("name", SERVICES)
#: Paths in the images that are theirs, not the app's.
MOUNTS = re.compile(r"(?P<source>[^:]+):(?P<target>/[^:]+)(:ro)?")


@pytest.mark.parametrize("name", COMPOSE)
def test_it_follows_the_compose_specification(name: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(DOCKER / name)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@each_service
def test_a_service_is_pinned_bounded_watched_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert "build" in service or re.search(r":v?\d+\.\d+", service["image"]), "no exact version"
    assert service["restart"] == "unless-stopped"
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert "healthcheck" in service or "build" in service


@each_service
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    for port in SERVICES[name].get("ports", ()):
        assert port.startswith(("127.0.0.1:", "${PUBLISH_ADDRESS:-127.0.0.1}:")), port


def test_the_ports_are_those_that_were_promised() -> None:
    published = {name: [port.split(":")[-2] for port in service.get("ports", ())] for name, service in SERVICES.items()}
    assert {name: ports for name, ports in published.items() if ports} == {
        "nginx": ["8080"],
        "prometheus": ["9090"],
        "alertmanager": ["9093"],
        "grafana": ["3001"],
        "jaeger": ["16686"],
    }


@each_service
def test_every_mounted_file_exists_and_every_volume_and_secret_is_declared(name: str) -> None:
    whole = together()
    for mount in SERVICES[name].get("volumes", ()):
        found = MOUNTS.fullmatch(mount)
        assert found, mount
        if found["source"].startswith("."):
            assert (DOCKER / found["source"]).exists(), mount
            assert mount.endswith(":ro"), mount
        else:
            assert found["source"] in whole["volumes"]
    assert set(SERVICES[name].get("secrets", ())) <= set(whole["secrets"])
    assert set(SERVICES[name].get("depends_on", ())) <= set(SERVICES)


def test_the_apps_environment_is_one_that_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in Settings.model_fields:
        monkeypatch.delenv(key.upper(), raising=False)
    environment = dict(SERVICES["app"]["environment"])
    drawn = secrets(tmp_path)
    for key, value in environment.items():
        assert key.removesuffix("_FILE").lower() in Settings.model_fields, f"no setting {key}"
        value = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
        monkeypatch.setenv(key, value.replace("/run/secrets", str(drawn)))
    settings = load(env_file=None)
    assert settings.database_url.endswith("@postgres:5432/voicehive")
    assert (settings.environment, settings.jaeger_host, settings.is_loopback) == ("production", "jaeger", True)


def secrets(folder: Path) -> Path:
    """What docker/secrets.sh draws, in a folder of its own."""
    shutil.copy(DOCKER / "secrets.sh", folder)
    subprocess.run(["sh", folder / "secrets.sh"], check=True, capture_output=True, timeout=30)
    return folder / "secrets"


def test_secrets_are_drawn_once_and_differ(tmp_path: Path) -> None:
    first = {file.name: file.read_text() for file in secrets(tmp_path).iterdir()}
    again = {file.name: file.read_text() for file in secrets(tmp_path).iterdir()}
    assert first == again
    assert {f"secrets/{name}" for name in first} == {each["file"] for each in together()["secrets"].values()}
    assert first["postgres_password"] in first["database_url"]
    assert len({first["secret_key"], first["postgres_password"], first["grafana_password"]}) == 3
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_what_reads_a_secret_is_given_it() -> None:
    for name, service in SERVICES.items():
        words = [*map(str, service.get("environment", {}).values()), *map(str, service.get("command", ()))]
        assert set(re.findall(r"/run/secrets/(\w+)", " ".join(words))) <= set(service.get("secrets", ())), name
    routes = yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text())
    assert routes["global"]["slack_api_url_file"] == "/run/secrets/slack_webhook_url"
    assert "slack_webhook_url" in SERVICES["alertmanager"]["secrets"]


def test_prometheus_finds_its_targets_and_grafana_its_sources_by_the_services_names() -> None:
    nginx = (DOCKER / "nginx.conf").read_text()
    metrics = yaml.safe_load((DOCKER / "targets" / "voicehive.yml").read_text())[0]["targets"]
    host, _, port = metrics[0].partition(":")
    assert host in SERVICES and f"listen {port};" in nginx
    assert SERVICES["app"]["network_mode"] == f"service:{host}"
    manager = yaml.safe_load((DOCKER / "targets" / "alertmanager.yml").read_text())[0]["targets"]
    assert [target.partition(":")[0] in SERVICES for target in manager] == [True]
    sources = ROOT / "monitoring" / "grafana" / "provisioning" / "datasources" / "voicehive.yml"
    for source in yaml.safe_load(sources.read_text())["datasources"]:
        name, port = source["url"].removeprefix("http://").split(":")
        assert any(each.endswith(f":{port}") for each in SERVICES[name]["ports"]), source["url"]
    assert {each.name for each in (DOCKER / "targets").iterdir()} == {
        each.name for each in (ROOT / "monitoring" / "targets").iterdir()
    }


def test_grafana_looks_for_dashboards_where_they_are_mounted() -> None:
    file = ROOT / "monitoring" / "grafana" / "provisioning" / "dashboards" / "voicehive.yml"
    path = yaml.safe_load(file.read_text())["providers"][0]["options"]["path"]
    assert f"../monitoring/dashboards:{path}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "monitoring" / "dashboards" / Path(home).relative_to(path)).exists()


def test_nginx_speaks_to_the_ports_of_the_image() -> None:
    exposed = next(each.rest.split() for each in dockerfile() if each.word == "EXPOSE")
    nginx = (DOCKER / "nginx.conf").read_text()
    assert sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", nginx))) == exposed
    defaults = [str(Settings.model_fields[key].default) for key in ("port", "prometheus_port")]
    assert exposed == defaults


def test_no_secret_is_committed() -> None:
    done = subprocess.run(
        ["git", "check-ignore", "docker/secrets/secret_key"], cwd=ROOT, env=os.environ, capture_output=True, timeout=30
    )
    assert done.returncode == 0
