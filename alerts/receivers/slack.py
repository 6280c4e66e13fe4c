"""A message by an incoming webhook of Slack, in the form in which Alertmanager sends it."""

from __future__ import annotations

from typing import Any

import orjson

from alerts.dispatch.receivers import SlackAction, SlackConfig, SlackField
from alerts.receivers import http
from alerts.receivers.errors import SendError
from alerts.receivers.message import Message
from alerts.receivers.texts import Texts, plain_text, plain_title

#: Characters: what is longer Slack would cut in the middle of something, or refuse.
_LONGEST_TITLE, _LONGEST_TEXT = 1_024, 8_000
_MARKED_UP = ["fallback", "pretext", "text"]


def send(settings: SlackConfig, message: Message, texts: Texts) -> None:
    """Tell a channel; raises SendError."""
    url = http.secret(settings.api_url, settings.api_url_file)
    said = http.post(url, orjson.dumps(body(settings, texts)), settings.http_config)
    # Slack's newer endpoints refuse with 200.
    if said.lstrip().startswith("{") and '"ok":false' in said.replace(" ", ""):
        raise SendError(f"refused: {said[:300]}", retryable=False)


def body(settings: SlackConfig, texts: Texts) -> dict[str, Any]:
    """The message as JSON; fields that are empty are left out where Alertmanager does."""

    def fill(name: str, fallback: str = "") -> str:
        return texts.fill(f"slack_configs.{name}", getattr(settings, name), fallback)

    title, plain = plain_title(texts.data), plain_text(texts.data)
    attachment = {
        "title": _cut(fill("title", title), _LONGEST_TITLE),
        "title_link": fill("title_link"),
        "pretext": fill("pretext"),
        "text": _cut(fill("text", plain), _LONGEST_TEXT),
        "fallback": fill("fallback", title),
        "callback_id": fill("callback_id"),
        "fields": [_field(each, settings, texts) for each in settings.fields],
        "actions": [_action(each, texts) for each in settings.actions],
        "image_url": fill("image_url"),
        "thumb_url": fill("thumb_url"),
        "footer": fill("footer"),
        "color": fill("color"),
        "mrkdwn_in": settings.mrkdwn_in or _MARKED_UP,
    }
    always = {"text", "fallback", "callback_id", "footer"}
    whole = {
        "channel": fill("channel"),
        "username": fill("username"),
        "icon_emoji": fill("icon_emoji"),
        "icon_url": fill("icon_url"),
        "link_names": settings.link_names,
    }
    return _given(whole) | {"attachments": [{n: v for n, v in attachment.items() if v or n in always}]}


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _field(field: SlackField, settings: SlackConfig, texts: Texts) -> dict[str, Any]:
    return {
        "title": texts.fill("slack_configs.fields.title", field.title),
        "value": texts.fill("slack_configs.fields.value", field.value),
        "short": settings.short_fields if field.short is None else field.short,
    }


def _action(action: SlackAction, texts: Texts) -> dict[str, Any]:
    names = ("type", "text", "url", "style", "name", "value")
    made: dict[str, Any] = {n: texts.fill(f"slack_configs.actions.{n}", getattr(action, n)) for n in names}
    if action.confirm is not None:
        asked = ("text", "title", "ok_text", "dismiss_text")
        made["confirm"] = _given(
            {n: texts.fill(f"slack_configs.actions.confirm.{n}", getattr(action.confirm, n)) for n in asked}
        )
    return _given(made)


def _cut(text: str, longest: int) -> str:
    """The beginning of a text; of several lines whole ones, so that no link is torn."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    whole, line, _ = kept.rpartition("\n")
    return (whole + line if len(whole) > longest // 2 else kept) + "…"
