"""Mails as a mail server gets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerts.dispatch.alert import Alert
from alerts.dispatch.receivers import EmailConfig
from alerts.receivers import email
from alerts.receivers.errors import SendError
from alerts.receivers.message import Message
from alerts.receivers.texts import Texts, load_templates
from tests.alerts.mailbox import PASSWORD, USER, Mailbox, mailbox

NOW = 1_800_000_000_000
URL = "http://voicehive.example"
LABELS = {"alertname": "HighErrorRate", "severity": "critical", "topic": "call-outcome"}
ANNOTATIONS = {"summary": "31 % of calls fail", "description": "More than 5 %.", "remedy": "Look at them."}


def message(ended: bool = False, **labels: str) -> Message:
    alert = Alert(LABELS | labels, ANNOTATIONS, NOW - 300_000, NOW - 1000 if ended else None)
    return Message("team", "{}:{x}", {"alertname": "HighErrorRate"}, (alert,), NOW)


def send(box: Mailbox, told: Message, **settings: Any) -> Texts:
    given = {"to": "Ops <ops@h.org>, b@h.org", "from": "VoiceHive <voice@h.org>", "smarthost": f"127.0.0.1:{box.port}"}
    texts = Texts(load_templates([], "Europe/Berlin"), told.data(URL))
    email.send(EmailConfig.model_validate(given | {"require_tls": False} | settings), told, texts)
    return texts


def test_a_mail_has_both_parts_and_leads_back() -> None:
    with mailbox() as box:
        told = message()
        send(box, told)
        send(box, message(ended=True))
    fires, over = box.mails
    assert box.recipients == [["ops@h.org", "b@h.org"]] * 2
    assert (fires["Subject"], over["Subject"]) == (
        "[FIRING:1] HighErrorRate (critical): 31 % of calls fail",
        "[RESOLVED] HighErrorRate (critical)",
    )
    assert [each["From"] for each in box.mails] == ["VoiceHive <voice@h.org>"] * 2
    assert fires["Auto-Submitted"] == "auto-generated" and fires["Date"]
    parts = [part.get_content_type() for part in fires.iter_parts()]
    assert parts == ["text/plain", "text/html"]
    alert_url = f"{URL}/alerts?fingerprint={told.alerts[0].fingerprint}"
    calls_url = f"{URL}/calls?from=2027-01-15T07%3A35%3A00Z&to="
    for kind, link in (("plain", calls_url), ("html", calls_url.replace("&", "&amp;"))):
        part = fires.get_body((kind,))
        assert part is not None
        text = part.get_content()
        for expected in (alert_url, link, "31 % of calls fail", "What to do", "since 2027-01-15 08:55 CET"):
            assert expected in text, (kind, expected)
    colours = []
    for each in box.mails:
        html = each.get_body(("html",))
        assert html is not None
        colours.append("#b42318" in html.get_content())
    assert colours == [True, False]


def test_mails_of_a_group_are_a_thread_and_the_same_mail_has_the_same_id() -> None:
    with mailbox() as box:
        for told in (message(), message(), message(ended=True)):
            send(box, told)
        later = Message("team", "{}:{x}", {}, message(ended=True).alerts, NOW + 1000)
        send(box, later)
    assert len({each["References"] for each in box.mails}) == 1
    assert box.mails[0]["In-Reply-To"] == box.mails[0]["References"]
    assert [each["Message-ID"] == box.mails[0]["Message-ID"] for each in box.mails] == [True, True, True, False]


def test_no_label_can_add_a_header_or_a_tag() -> None:
    bad = "x\r\nBcc: evil@h.org\r\n\r\n<script>alert(1)</script>\x85y\u2028z"
    with mailbox() as box:
        send(
            box,
            message(agent=bad),
            headers={"Subject": "about {{ (index .Alerts 0).Labels.agent }}", "X-Agent": "{{ .CommonLabels.agent }}"},
        )
        with pytest.raises(SendError, match="is no mail address"):
            send(box, message(agent=bad), to="{{ .CommonLabels.agent }}")
    [mail] = box.mails
    assert mail["Bcc"] is None and box.recipients == [["ops@h.org", "b@h.org"]]
    ours = {"Subject", "To", "From", "X-Agent", "Message-ID", "In-Reply-To", "References", "Date", "Auto-Submitted"}
    assert set(mail.keys()) == ours | {"MIME-Version", "Content-Type"}
    assert "Bcc: evil@h.org" in mail["Subject"]
    html = mail.get_body(("html",))
    assert html is not None and "<script>" not in html.get_content() and "&lt;script&gt;" in html.get_content()


def test_a_template_that_fails_sends_the_plain_text() -> None:
    with mailbox() as box:
        texts = send(box, message(), html='{{ template "nobody" . }}', headers={"Subject": "{{ .Nothing }}"})
        send(box, message(), text="{{ range }}", html="")
    first, second = box.mails
    assert first["Subject"] == "[FIRING] HighErrorRate"
    assert [part.get_content_type() for part in first.iter_parts()] == ["text/plain"] or not first.is_multipart()
    assert "email_configs.html" in texts.note and "nobody" in texts.note and "headers.Subject" in texts.note
    assert "summary: 31 % of calls fail" in second.get_content()


def test_a_mail_of_many_alerts_is_one_that_mailboxes_show() -> None:
    alerts = tuple(Alert(LABELS | {"instance": f"host-{n}:8001"}, ANNOTATIONS, NOW - 1000) for n in range(400))
    told = Message("team", "{}:{x}", {"alertname": "HighErrorRate"}, alerts, NOW)
    texts = Texts(load_templates([]), told.data(URL))
    settings = EmailConfig.model_validate({"to": "a@h.org", "from": "v@h.org", "smarthost": "h:25"})
    html = email.built(settings, told, texts).get_body(("html",))
    assert html is not None and texts.note == ""
    assert len(html.get_content()) < 100_000 and "Of 400 alerts these are the first" in html.get_content()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("implicit", [False, True])
def test_it_encrypts_and_signs_in(tmp_path: Path, implicit: bool) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n", "utf-8")
    with mailbox(tmp_path, implicit=implicit) as box:
        secure = {"require_tls": True, "force_implicit_tls": implicit, "tls_config": {"ca_file": str(box.ca)}}
        send(box, message(), **secure, auth_username=USER, auth_password_file=str(password))
        assert (box.signed_in, box.encrypted) == ([USER.encode()], [True])
        with pytest.raises(SendError) as wrong:
            send(box, message(), **secure, auth_username=USER, auth_password="wrong")
        assert not wrong.value.retryable and "535" in str(wrong.value)
        with pytest.raises(SendError, match="certificate verify failed"):
            send(box, message(), require_tls=True, force_implicit_tls=implicit)
    assert len(box.mails) == 1


def test_a_password_is_told_to_no_server_that_does_not_encrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "_HERE", ())
    with mailbox() as box:
        with pytest.raises(SendError, match="offers no STARTTLS"):
            send(box, message(), require_tls=True)
        with pytest.raises(SendError, match="without encryption"):
            send(box, message(), auth_username=USER, auth_password=PASSWORD)
    assert box.mails == []


@pytest.mark.parametrize(
    ("answers", "retryable"),
    [(["451 greylisted", "451 greylisted"], True), (["550 nobody", "550 nobody"], False)],
)
def test_a_refusal_tells_whether_to_try_again(answers: list[str], retryable: bool) -> None:
    with mailbox() as box:
        box.answers = list(answers)
        with pytest.raises(SendError) as refused:
            send(box, message())
        assert refused.value.retryable is retryable
        assert str(refused.value) == "; ".join(
            f"{to}: {said}" for to, said in zip(("ops@h.org", "b@h.org"), answers, strict=True)
        )


def test_who_is_greylisted_alone_gets_it_at_a_later_try_and_the_others_once() -> None:
    with mailbox() as box:
        box.answers = ["451 later", "550 nobody"]
        with pytest.raises(SendError, match=r"refused for ops@h\.org \(451 later\), b@h.org \(550 nobody\)") as refused:
            send(box, message(), to="ops@h.org, b@h.org, c@h.org")
        assert refused.value.retryable
        texts = send(box, Message.from_json({**message().as_json(), **refused.value.left}))
    assert box.recipients == [["c@h.org"], ["ops@h.org"]]
    assert texts.note == "refused for b@h.org (550 nobody)"


def test_who_is_refused_alone_is_named_and_the_others_get_it() -> None:
    with mailbox() as box:
        box.answers = ["550 nobody of this name"]
        texts = send(box, message())
    assert box.recipients == [["b@h.org"]]
    assert texts.note == "refused for ops@h.org (550 nobody of this name)"


def test_a_server_that_hangs_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert email.TIMEOUT_SECONDS == 10
    monkeypatch.setattr(email, "TIMEOUT_SECONDS", 0.5)
    with mailbox() as box:
        box.hang = 30
        with pytest.raises(SendError, match=r"no answer within 0\.5 s") as cut:
            send(box, message())
        assert cut.value.retryable
