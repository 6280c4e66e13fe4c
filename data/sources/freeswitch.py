"""FreeSWITCH's call records: mod_json_cdr and mod_xml_cdr by HTTP, JSON lines, and mod_cdr_csv's `example` template.

Epochs are texts of which "0" means never; values are URL-encoded as long as encode-values is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree  # nosec B405

from data.models import Direction, EndReasonGroup, Status
from data.sources.bodies import FORM, form_fields, from_json, is_json, unbase64
from data.sources.cdr import Reading, Rejected
from data.sources.told import Told
from data.sources.values import Groups, Payload, group_of, instant, mapping, number, part, text

_CANCELLED = "ORIGINATOR_CANCEL"
_MISSED = frozenset(
    {
        "NO_ANSWER",
        "USER_BUSY",
        "NO_USER_RESPONSE",
        "ALLOTTED_TIMEOUT",
        "CALL_REJECTED",
        "LOSE_RACE",
        "USER_NOT_REGISTERED",
    }
)
_ORDERLY = frozenset(
    {"NORMAL_CLEARING", "NORMAL_UNSPECIFIED", "NONE", "ATTENDED_TRANSFER", "BLIND_TRANSFER", "PICKED_OFF"}
)
_GROUPS: Groups = (
    ("*_TRANSFER", EndReasonGroup.TRANSFER),
    ("NORMAL_CLEARING", EndReasonGroup.UNKNOWN),
    (_CANCELLED, EndReasonGroup.CUSTOMER),
    ("ALLOTTED_TIMEOUT", EndReasonGroup.LIMIT),
    ("*", EndReasonGroup.TELEPHONY),
)
#: The columns of mod_cdr_csv's template `example`.
COLUMNS = (
    "caller_id_name", "caller_id_number", "destination_number", "context", "start_stamp", "answer_stamp", "end_stamp",
    "duration", "billsec", "hangup_cause", "uuid", "bleg_uuid", "accountcode", "read_codec", "write_codec",
)  # fmt: skip


def unpack(body: bytes, mimetype: str) -> list[Any]:
    """JSON, XML, or a form whose field `cdr` is one of them, perhaps in base64."""
    if mimetype == FORM and not is_json(body):
        body = dict(form_fields(body)).get("cdr", "").encode()
        if not body:
            raise Rejected("cdr: the form has no such field")
    if not body.lstrip().startswith((b"{", b"[", b"<")):
        body = unbase64(body.decode("ascii", "replace").strip())
    return [_from_xml(body)] if body.lstrip().startswith(b"<") else from_json(body)


def row(cells: Sequence[str]) -> dict[str, Any]:
    """A row of mod_cdr_csv's template `example` as a record."""
    if len(cells) < COLUMNS.index("uuid") + 1:
        raise Rejected(f"{len(cells)} cells, but the template `example` has {len(COLUMNS)}")
    return {"variables": {name: cell.strip() for name, cell in zip(COLUMNS, cells, strict=False) if cell.strip()}}


def told(payload: Payload, reading: Reading) -> Told | None:
    """What a record says. That of a b-leg only adds who was reached to the call of its a-leg."""
    said = {name: _decoded(value) for name, value in (mapping(payload, "variables")).items()}
    ended = _time(said, "end")
    if ended is None:
        raise Rejected("end_epoch: required")
    first = said.get("originating_leg_uuid") or said.get("originator")
    profile = _profile(payload)
    if first:
        leg = {"call_id": text(first), "updated_at": ended, "transferred": None}
        return Told(leg | {"agent": text(said.get("cc_agent") or said.get("dialed_user"))})
    answered = _time(said, "answer")
    outbound = said.get("direction") == Direction.OUTBOUND
    status, group = _ending(said, answered is not None, outbound)
    number_of = "destination_number" if outbound else "caller_id_number"
    return Told(
        {
            "call_id": text(said.get("uuid")),
            "updated_at": ended,
            "direction": Direction.OUTBOUND if outbound else Direction.INBOUND if said.get("direction") else None,
            "agent": text(said.get("cc_agent") or said.get("dialed_user")),
            "queue": text(said.get("cc_queue")),
            "caller": text(_decoded(profile.get(number_of)) or said.get(number_of), 100),
            "started_at": _time(said, "start"),
            "queued_at": instant(said.get("cc_queue_joined_epoch")),
            "answered_at": answered,
            "ended_at": ended,
            "wait_seconds": number(said.get("waitsec")),
            "status": status,
            "end_reason": text(said.get("hangup_cause")),
            "end_reason_group": group,
            "transferred": True if group == EndReasonGroup.TRANSFER else None,
            "metadata": {
                "mos": number(_first(payload, "callStats", "call-stats") or said.get("rtp_audio_in_mos")),
                "hangup_disposition": text(said.get("sip_hangup_disposition")),
                "destination": text(profile.get("destination_number") or said.get("destination_number"), 100)
                if not outbound
                else None,
            },
        }
    )


def _ending(said: Payload, answered: bool, outbound: bool) -> tuple[Status, EndReasonGroup | None]:
    cause = text(said.get("hangup_cause"))
    group = group_of(cause, _GROUPS)
    if answered:
        if said.get("last_app") == "voicemail":
            return Status.VOICEMAIL, EndReasonGroup.VOICEMAIL
        if cause is not None and cause not in _ORDERLY and group == EndReasonGroup.TELEPHONY:
            return Status.ERROR, group
        by = {"recv_bye": EndReasonGroup.CUSTOMER, "send_bye": EndReasonGroup.AGENT}
        return Status.SUCCESS, by.get(str(said.get("sip_hangup_disposition")), group)
    if cause == _CANCELLED or cause in _ORDERLY:
        return (Status.MISSED if outbound else Status.ABANDONED), group
    return (Status.MISSED if cause in _MISSED else Status.ERROR), group


def _time(said: Payload, name: str) -> Any:
    """Microseconds where they are told, else seconds, else the stamp, which is local."""
    for suffix in ("uepoch", "epoch"):
        value = said.get(f"{name}_{suffix}")
        if value not in (None, ""):
            return instant(value)
    return instant(said.get(f"{name}_stamp"))


def _profile(payload: Payload) -> Payload:
    flow = payload.get("callflow")
    first = flow[0] if isinstance(flow, list) and flow else flow
    return mapping(first, "caller_profile")


def _first(payload: Payload, *names: str) -> Any:
    return next((mos for name in names if (mos := part(payload, name, "audio", "inbound", "mos")) is not None), None)


def _decoded(value: Any) -> Any:
    return unquote(value) if isinstance(value, str) and "%" in value else value


def _from_xml(body: bytes) -> dict[str, Any]:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Rejected("the XML has a document type, which no call record needs")
    try:
        # Entities, which make XML dangerous, are refused above.
        root = ElementTree.fromstring(body)  # noqa: S314  # nosec B314
    except (ElementTree.ParseError, ValueError) as error:
        raise Rejected(f"the body is not well-formed XML: {error}") from None
    return {child.tag: _element(child) for child in root if child.tag != "callflow"} | {
        "callflow": [_element(child) for child in root.iter("callflow")]
    }


def _element(element: ElementTree.Element) -> Any:
    # mod_xml_cdr nests five levels; what nests more is none of its records.
    return {one.tag: {two.tag: two.text for two in one} if len(one) else one.text for one in element}
