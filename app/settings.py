"""Settings: the only reader of the environment and of `.env`.

Every value may also come from a file named by `NAME_FILE`. A bad value raises SettingsError: one line with the key.
"""

from __future__ import annotations

import ipaddress
import os
import re
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)

from alerts.dispatch.mailserver import mail_server
from data.policy import Policy
from data.samples.targets import Target, parse_targets


class SettingsError(ValueError):
    """A setting has a bad value; the message names the key and the remedy."""


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone such as Europe/Berlin or UTC")
    return str(ZoneInfo(value))


def _redis(value: str) -> str:
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return value


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
    if value.startswith("sqlite:") and value.removeprefix("sqlite:///") in ("", ":memory:"):
        raise ValueError("must name a file, as sqlite:////var/lib/voicehive/calls.db")
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError("must be postgresql+psycopg://user:password@host:port/database") from None
    return value


def _host(value: str) -> str:
    name = value.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", name, re.ASCII):
            raise ValueError("must be a host name or address, without http:// and port") from None
    return name


def _web(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must start with http:// or https:// and a host")
    return value.rstrip("/")


def _secret_web(value: SecretStr) -> SecretStr:
    _web(value.get_secret_value())
    return value


def _smtp(value: SecretStr) -> SecretStr:
    mail_server(value.get_secret_value())
    return value


def _mailboxes(value: str) -> str:
    found = [address for _, address in getaddresses([value])]
    if not found or not all(re.fullmatch(r"[^@\s]+@[^@\s]+", address) for address in found):
        raise ValueError("must be a mail address, or several with commas between them")
    return value


#: An address of which the path or the credentials are secret.
SecretUrl = Annotated[SecretStr, AfterValidator(_secret_web)]


def _bucket(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    named = parts.hostname and parts.username and parts.password and parts.path.strip("/")
    if parts.scheme not in ("http", "https") or not named:
        raise ValueError("must be https://key:secret@host/bucket, or with a prefix behind it")
    return value


def _listed(value: object) -> object:
    """The words of a text with commas between them."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _networks(value: object) -> object:
    found = []
    for text in _listed(value):  # type: ignore[attr-defined]
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError:
            raise ValueError(f"{text} is no address or network such as 10.0.0.1 or 10.0.0.0/8") from None
    return found


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or value != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{value} is no origin such as https://board.example.com")
    return value


def _is_guessable(secret: str) -> bool:
    """Whether somebody could have it from an example, or try it out."""
    return len(set(secret)) < 8 or bool(_EXAMPLE.search(secret))


_EXAMPLE = re.compile(r"change.?(me|this)|example|secret|password|passw0rd|default|insecure|your.?key|0123456789", re.I)


def is_loopback(host: str) -> bool:
    """Whether this is an address of this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def in_url(host: str) -> str:
    """A host or address as it stands in an URL."""
    return f"[{host}]" if ":" in host else host


#: How long sessions that are over are still in the database.
_SESSION_DAYS = 30


class Settings(BaseModel):
    """One typed value a key; the key is the field's name in capitals."""

    model_config = ConfigDict(frozen=True)

    environment: Literal["development", "production"] = Field(
        "development", description="development, or production: asks for a SECRET_KEY of your own"
    )
    var_dir: Path = Field(Path("var"), description="folder of run-time files")
    auth: bool = Field(
        True, description="whether people have to sign in; off only in development on a loopback address"
    )
    host: str = Field("127.0.0.1", description="address to serve on; beyond loopback only with TLS or a proxy")
    port: int = Field(8000, ge=1, le=65535, description="port of the pages and the API")
    prometheus_port: int = Field(8001, ge=1, le=65535, description="port of the metrics exporter")
    prometheus_host: str = Field(
        "127.0.0.1", description="its address; beyond loopback a scrape shows a key with scope scrape"
    )
    tls_cert_file: Path | None = Field(None, description="certificate (chain) to serve https with, PEM")
    tls_key_file: Path | None = Field(None, description="its private key, PEM")
    trusted_proxies: Annotated[
        tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...], BeforeValidator(_networks)
    ] = Field((), description="addresses or networks of proxies whose X-Forwarded-For and -Proto are believed")
    cors_origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_listed)] = Field(
        (), description="other sites whose pages may use the API, with commas between them"
    )
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "", description="SQLite file or PostgreSQL; default: a SQLite file in VAR_DIR", validate_default=False
    )
    redis_url: Annotated[str, AfterValidator(_redis)] | None = Field(
        None,
        description="Redis for sessions, computed charts and counts of rate limits, shared by several instances",
    )
    jaeger_host: Annotated[str, AfterValidator(_host)] | None = Field(
        None, description="host that takes traces by OTLP/HTTP, such as Jaeger"
    )
    jaeger_port: int = Field(4318, ge=1, le=65535, description="its OTLP/HTTP port")
    scrape_targets: Annotated[tuple[Target, ...], BeforeValidator(parse_targets)] = Field(
        (), description="more programs to sample, each name=http://host:port/metrics, with commas between them"
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="key of caller hashes and access tokens; default: drawn once into VAR_DIR/secret.key",
    )
    retention_days: int | None = Field(None, ge=1, description="days that calls are kept; default: for ever")
    retention_document_days: int | None = Field(
        None, ge=1, description="days that transcripts, traces and spans are kept; default: as long as their calls"
    )
    retention_alert_days: int = Field(400, ge=1, description="days that the history of alerts is kept")
    retention_audit_days: int = Field(
        730, ge=1, description="days that the audit log is kept, no fewer than the others"
    )
    retention_quarantine_days: int = Field(
        30, ge=1, description="days that messages of platforms are kept that could not be read"
    )
    archive_dir: Path | None = Field(
        None, description="folder of Parquet files, a folder a month, into which calls go before they are deleted"
    )
    ingest_vapi_secret: SecretStr | None = Field(None, description="what Vapi shows or signs its messages with")
    ingest_retell_secret: SecretStr | None = Field(None, description="Retell's API key, with which it signs")
    ingest_twilio_auth_token: SecretStr | None = Field(None, description="Twilio's auth token, with which it signs")
    ingest_bland_secret: SecretStr | None = Field(None, description="the secret of Bland's webhook signing")
    ingest_livekit_secret: SecretStr | None = Field(None, description="the API secret with which LiveKit signs")
    ingest_livekit_key: str | None = Field(None, description="the API key that goes with it")
    ingest_elevenlabs_secret: SecretStr | None = Field(None, description="the secret of ElevenLabs' webhook")
    ingest_generic_map: Path | None = Field(
        None, description="field map (YAML) of what comes to /api/ingest/generic; without one the fields of a call"
    )
    oidc_issuer: Annotated[str, AfterValidator(_web)] | None = Field(
        None, description="sign-in service that speaks OpenID Connect, the address of its issuer"
    )
    oidc_client_id: str | None = Field(None, description="the name by which it knows this program")
    oidc_client_secret: SecretStr | None = Field(None, description="the secret that goes with that name")
    oidc_role_claim: str | None = Field(
        None, description="claim that holds the role, such as realm_access.roles; without one all come as viewers"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="IANA zone in which days are counted")
    external_url: Annotated[str, AfterValidator(_web)] = Field(
        "", description="where people reach the app, for links; default: HOST and PORT", validate_default=False
    )
    slack_webhook_url: SecretUrl | None = Field(None, description="Slack's incoming webhook: it is told of all alerts")
    alert_email_to: Annotated[str, AfterValidator(_mailboxes)] | None = Field(
        None, description="who gets mail of critical alerts, by SMTP_URL"
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] | None = Field(
        None, description="mail server: smtp://user:password@host:port?from=address, or smtps://"
    )
    alert_webhook_url: SecretUrl | None = Field(
        None, description="is told of all alerts by Alertmanager's JSON (version 4)"
    )
    report_dir: Path | None = Field(None, description="folder into which schedules may put reports")
    report_bucket_url: Annotated[SecretStr, AfterValidator(_bucket)] | None = Field(
        None, description="bucket for reports: https://key:secret@host/bucket/prefix; needs the extra s3"
    )
    report_webhook_url: SecretUrl | None = Field(
        None, description="is told of finished reports by JSON, with signed links to their files"
    )
    prometheus_url: SecretUrl | None = Field(None, description="a Prometheus that judges the rules instead of the app")
    alertmanager_url: SecretUrl | None = Field(
        None, description="an Alertmanager that tells people of alerts instead of the app"
    )
    grafana_url: SecretUrl | None = Field(None, description="a Grafana, to which the system page leads")
    refresh_seconds: float = Field(5, ge=1, le=3600, description="seconds between two refreshes of a page")

    #: Where each value comes from that is not a default, by field.
    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    def source(self, name: str) -> str:
        """Where the value of a field comes from: default, .env, environment, file, command line."""
        return self._sources.get(name, "default")

    def changed(self, source: str, **values: Any) -> Settings:
        """The same with other values, which come from `source`."""
        made = self.model_copy(update=values)
        made._sources = self._sources | dict.fromkeys(values, source)
        return made

    @property
    def exporter(self) -> str:
        """Where this process exposes its metrics, host:port: the label `instance` of its series."""
        host = f"[{self.prometheus_host}]" if ":" in self.prometheus_host else self.prometheus_host
        return f"{host}:{self.prometheus_port}"

    @property
    def is_loopback(self) -> bool:
        """Whether HOST is an address of this machine only."""
        return is_loopback(self.host)

    @property
    def is_public(self) -> bool:
        """Whether others may reach it, under whatever name: on an address of its own, or through a proxy."""
        return self.auth and (not self.is_loopback or bool(self.trusted_proxies))

    @property
    def address(self) -> str:
        """Where people reach the app: EXTERNAL_URL, or where it serves."""
        return self.external_url or self.here

    @property
    def here(self) -> str:
        """Where the app serves."""
        return self._url(self.host, self.port)

    @property
    def metrics_address(self) -> str:
        """Where the exporter serves."""
        return f"{self._url(self.prometheus_host, self.prometheus_port)}/metrics"

    def _url(self, host: str, port: int) -> str:
        if host in ("0.0.0.0", "::"):  # noqa: S104 - all addresses; this one works here
            host = "localhost"
        return f"{'https' if self.tls_cert_file else 'http'}://{in_url(host)}:{port}"

    @property
    def record_url(self) -> str:
        """DATABASE_URL, or the SQLite file in VAR_DIR."""
        return self.database_url or f"sqlite:///{(self.var_dir / 'voicehive.db').absolute()}"

    @property
    def backup_dir(self) -> Path:
        """Where the record is backed up before its schema is changed."""
        return self.var_dir / "backups"

    @property
    def retention(self) -> Policy:
        """For how long what is kept."""
        return Policy(
            self.retention_days,
            self.retention_document_days,
            self.retention_alert_days,
            self.retention_audit_days,
            _SESSION_DAYS,
            self.retention_quarantine_days,
            self.archive_dir,
        )

    @property
    def samples_path(self) -> Path:
        """The file of the sample store."""
        return self.var_dir / "samples.sqlite"

    def secret(self) -> bytes:
        """SECRET_KEY, or the key that was drawn on the first start (a 0600 file)."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.var_dir / "secret.key"
        if not path.exists():
            self.var_dir.mkdir(parents=True, exist_ok=True)
            drawn = path.with_name(f"secret.key.{os.getpid()}")
            drawn.touch(mode=0o600, exist_ok=False)
            drawn.write_text(os.urandom(32).hex(), encoding="ascii")
            try:
                # A link fails where another process was first: both then read the same key.
                os.link(drawn, path)
            except FileExistsError:
                pass
            finally:
                drawn.unlink()
        return path.read_text(encoding="ascii").strip().encode()


def load(overrides: dict[str, Any] | None = None, *, env_file: Path | None = Path(".env")) -> Settings:
    """Settings from `.env`, the environment (which wins) and the command line's `overrides` (which win over both)."""
    given: dict[str, Any] = {}
    written = dotenv_values(env_file) if env_file else {}
    for key, value in written.items():
        # OpenTelemetry's own settings, which its SDK reads from the environment.
        if key.startswith("OTEL_") and value is not None:
            os.environ.setdefault(key, value)
    places: dict[str, str] = {}
    for name in Settings.model_fields:
        key = name.upper()
        for place, source in ((".env", written), ("environment", os.environ)):
            if source.get(f"{key}_FILE"):
                given[name] = _read_file(f"{key}_FILE", str(source[f"{key}_FILE"]))
                places[name] = f"file, {key}_FILE in {place}" if place == ".env" else f"file, {key}_FILE"
            if source.get(key):
                given[name], places[name] = source[key], place
    typed = {name: value for name, value in (overrides or {}).items() if value is not None}
    given |= typed
    places |= dict.fromkeys(typed, "command line")
    try:
        settings = Settings(**given)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = str(detail["loc"][0]).upper()
        if key == "SECRET_KEY":
            raise SettingsError("SECRET_KEY: must have 32 characters or more") from None
        raise SettingsError(f"{key}: {detail['msg'].removeprefix('Value error, ')}") from None
    settings._sources = places
    for key in ("RETENTION_DAYS", "RETENTION_DOCUMENT_DAYS", "RETENTION_ALERT_DAYS"):
        days = getattr(settings, key.lower())
        if days is not None and settings.retention_audit_days < days:
            raise SettingsError(f"RETENTION_AUDIT_DAYS: must be {days} or more, as long as {key}")
    if settings.ingest_generic_map is not None:
        _check_map(settings.ingest_generic_map)
    for key in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if settings.oidc_issuer is not None and getattr(settings, key.lower()) is None:
            raise SettingsError(f"{key}: needed where OIDC_ISSUER is set")
    if settings.environment == "production":
        _demand_secrets(settings)
    return settings


def _check_map(path: Path) -> None:
    # Here: it reads times with pandas, and the process that only watches the server would hold that, too.
    from data.sources.mapping import BadMap, load_map

    try:
        load_map(path)
    except BadMap as error:
        raise SettingsError(f"INGEST_GENERIC_MAP: {error}") from None


def _demand_secrets(settings: Settings) -> None:
    """Raise SettingsError where production would run on a secret that others may know."""
    if settings.secret_key is None:
        raise SettingsError("SECRET_KEY: required in production (32 characters or more)")
    if _is_guessable(settings.secret_key.get_secret_value()):
        raise SettingsError("SECRET_KEY: is an example or easy to guess; draw one, as with: openssl rand -hex 32")
    if settings.oidc_client_secret is not None and _is_guessable(settings.oidc_client_secret.get_secret_value()):
        raise SettingsError("OIDC_CLIENT_SECRET: is an example or easy to guess; let the service draw another one")
    password = urlsplit(settings.database_url).password
    if password is not None and _EXAMPLE.search(password):
        raise SettingsError("DATABASE_URL: has the password of an example; give the database another one")


def _read_file(key: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{key}: can't read {path} ({error.strerror})") from None
