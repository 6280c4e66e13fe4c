"""What platforms send, of made-up calls of the afternoon of 2023-11-14."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from data.models import CallEvent
from data.sources.cdr import Reading
from data.sources.platforms import PLATFORMS, read_payload
from data.times import DAY, SECOND
from tests.data.support import T0, hash_caller

#: 2023-11-14 22:13:20 UTC, in seconds and in milliseconds.
S0 = T0 // SECOND
MS0 = S0 * 1000
NUMBER = "+15557320142"


def read(platform: str, payload: Any, zone: str = "UTC") -> CallEvent:
    found = read_payload(PLATFORMS[platform], payload, reading_of(platform, zone))
    assert found is not None
    return found


def reading_of(platform: str, zone: str = "UTC") -> Reading:
    return Reading(hash_caller, T0 + DAY, ZoneInfo(zone), platform)


def vapi(**message: Any) -> dict[str, Any]:
    report = {
        "type": "end-of-call-report",
        "timestamp": MS0 + 95_000,
        "endedReason": "customer-ended-call",
        "startedAt": "2023-11-14T22:13:22.000Z",
        "endedAt": "2023-11-14T22:14:52.500Z",
        "cost": 0.1432,
        "costs": [
            {"type": "transport", "minutes": 1.5, "cost": 0.02},
            {"type": "transcriber", "cost": 0.011},
            {"type": "model", "promptTokens": 900, "cost": 0.03},
            {"type": "voice", "cost": 0.05},
            {"type": "vapi", "cost": 0.03},
            {"type": "analysis", "cost": 0.0022},
        ],
        "assistant": {"name": "roxy"},
        "artifact": {
            "messages": [
                {"role": "system", "message": "You are Roxy.", "secondsFromStart": 0},
                {"role": "bot", "message": "Hello, this is Roxy.", "time": MS0 + 0.5, "secondsFromStart": 0.8},
                {"role": "user", "message": "My router is down.", "secondsFromStart": 4.2, "duration": 1800},
            ],
            "recordingUrl": "https://storage.example.com/r.wav",
            "performanceMetrics": {
                "turnLatencyAverage": 1180.5,
                "modelLatencyAverage": 620,
                "voiceLatencyAverage": 210,
                "transcriberLatencyAverage": 180,
                "numUserInterrupted": 2,
                "numAssistantInterrupted": 1,
            },
        },
        "analysis": {"summary": "Router restarted.", "successEvaluation": "8", "structuredData": {"ticket": 7}},
        "call": {
            "id": "9f0c-vapi",
            "type": "inboundPhoneCall",
            "createdAt": "2023-11-14T22:13:20Z",
            "assistantId": "as-1",
            "customer": {"number": NUMBER},
        },
    }
    return {"message": report | message}


def retell(event: str = "call_ended", **call: Any) -> dict[str, Any]:
    told = {
        "call_id": "call_77",
        "call_type": "phone_call",
        "direction": "outbound",
        "agent_id": "agent_1",
        "agent_name": "ada",
        "agent_version": 3,
        "call_status": "ended",
        "from_number": "+15550001111",
        "to_number": NUMBER,
        "start_timestamp": MS0,
        "end_timestamp": MS0 + 61_250,
        "duration_ms": 61_250,
        "disconnection_reason": "agent_hangup",
        "transcript_object": [
            {"role": "agent", "content": "Hi.", "words": [{"word": "Hi.", "start": 0.2, "end": 0.5}]},
            {"role": "user", "content": "Hello."},
        ],
        "latency": {
            "e2e": {"p50": 900, "values": [800, 1000]},
            "llm": {"p50": 500},
            "llm_websocket_network_rtt": {"p50": 40},
        },
        "call_cost": {
            "combined_cost": 12.3,
            "total_duration_seconds": 62,
            "product_costs": [
                {"product": "elevenlabs_tts", "cost": 7, "unit_price": 0.1166},
                {"product": "gpt_4o", "cost": 4.3},
                {"product": "us_telephony_twilio", "cost": 1},
            ],
        },
    }
    return {"event": event, "call": told | call}


def retell_analyzed() -> dict[str, Any]:
    analysis = {"call_successful": True, "user_sentiment": "Positive", "in_voicemail": False, "call_summary": "Fine."}
    return retell("call_analyzed", call_analysis=analysis)


def retell_started() -> dict[str, Any]:
    started = retell("call_started", call_status="ongoing")["call"]
    for later in ("end_timestamp", "duration_ms", "disconnection_reason", "call_cost", "latency", "transcript_object"):
        del started[later]
    return {"event": "call_started", "call": started}


def twilio(status: str, at: str, sequence: int, **fields: str) -> dict[str, str]:
    told = {
        "CallSid": "CA123",
        "AccountSid": "AC1",
        "From": NUMBER,
        "To": "+15550001111",
        "CallStatus": status,
        "Direction": "inbound",
        "Timestamp": f"Tue, 14 Nov 2023 {at} +0000",
        "SequenceNumber": str(sequence),
        "CallbackSource": "call-progress-events",
    }
    return told | fields


def twilio_call() -> list[dict[str, str]]:
    """All callbacks of one call."""
    return [
        twilio("initiated", "22:13:20", 0),
        twilio("ringing", "22:13:20", 1),
        twilio("in-progress", "22:13:25", 2),
        twilio("completed", "22:15:05", 3, CallDuration="100", Duration="2", SipResponseCode="200"),
    ]


def bland(**fields: Any) -> dict[str, Any]:
    told = {
        "call_id": "bl-5",
        "to": NUMBER,
        "from": "+15550001111",
        "inbound": False,
        "completed": True,
        "status": "completed",
        "created_at": "2023-11-14T22:13:20.100Z",
        "started_at": "2023-11-14T22:13:24.000Z",
        "end_at": "2023-11-14T22:15:54.000Z",
        "call_length": 2.5,
        "corrected_duration": "149",
        "price": 0.225,
        "answered_by": "human",
        "error_message": None,
        "transcripts": [
            {"id": 1, "text": "Good day.", "user": "assistant"},
            {"id": 2, "text": "Good day to you.", "user": "user"},
            {"id": 3, "text": "Ended call", "user": "agent-action"},
        ],
        "summary": "A greeting.",
        "disposition_tag": "GREETED",
        "call_ended_by": "USER",
    }
    return told | fields


def livekit(event: str, after: float, **fields: Any) -> dict[str, Any]:
    """`after`: seconds after the room was made."""
    room = {"sid": "RM_x1", "name": "support-1", "creationTime": str(S0)}
    return {"event": event, "id": f"EV_{event}_{after}", "createdAt": str(S0 + int(after)), "room": room} | fields


SIP = {
    "identity": "sip_1",
    "kind": "SIP",
    "attributes": {"sip.callID": "SCL_1", "sip.phoneNumber": NUMBER, "sip.ruleID": "SDR_1", "sip.callStatus": "active"},
}
AGENT = {"identity": "agent-AJ_1", "name": "roxy", "kind": 4}


def livekit_call() -> list[dict[str, Any]]:
    """All events of one call."""
    return [
        livekit("room_started", 0),
        livekit("participant_joined", 1, participant=SIP),
        livekit("participant_joined", 3, participant=AGENT),
        livekit("participant_left", 63, participant=SIP | {"disconnectReason": 1}),
        livekit("participant_left", 64, participant=AGENT | {"disconnectReason": "ROOM_CLOSED"}),
        livekit("room_finished", 84),
    ]


def elevenlabs(**data: Any) -> dict[str, Any]:
    told = {
        "agent_id": "ag_9",
        "agent_name": "nora",
        "conversation_id": "conv_3",
        "status": "done",
        "transcript": [
            {"role": "agent", "message": "Hello!", "time_in_call_secs": 0},
            {"role": "user", "message": "Bye.", "time_in_call_secs": 3},
            {
                "role": "agent",
                "message": "Bye.",
                "time_in_call_secs": 5,
                "conversation_turn_metrics": {"convai_llm_service_ttfb": {"elapsed_time": 0.45}},
            },
        ],
        "metadata": {
            "start_time_unix_secs": S0,
            "call_duration_secs": 22,
            "cost": 296,
            "termination_reason": "Call ended by remote party",
            "phone_call": {"direction": "inbound", "external_number": NUMBER, "agent_number": "+15550001111"},
        },
        "analysis": {"call_successful": "success", "transcript_summary": "Short."},
    }
    return {"type": "post_call_transcription", "event_timestamp": S0 + 30, "data": told | data}


def freeswitch(**variables: Any) -> dict[str, Any]:
    told = {
        "uuid": "2b1e-fs",
        "direction": "inbound",
        "start_epoch": str(S0),
        "start_uepoch": str(T0 + 250_000),
        "answer_epoch": str(S0 + 4),
        "end_epoch": str(S0 + 64),
        "bridge_epoch": "0",
        "duration": "64",
        "billsec": "60",
        "waitsec": "4",
        "hangup_cause": "NORMAL_CLEARING",
        "sip_hangup_disposition": "recv_bye",
        "cc_queue": "support%40default",
        "cc_agent": "1007",
    }
    return {
        "core-uuid": "c0",
        "switchname": "fs1",
        "channel_data": {"state": "CS_REPORTING", "direction": "inbound"},
        "callStats": {"audio": {"inbound": {"mos": 4.41}}},
        "variables": told | variables,
        "callflow": [{"caller_profile": {"caller_id_number": "%2B15557320142", "destination_number": "5000"}}],
    }


def asterisk(**columns: str) -> dict[str, str]:
    """The row of a call whose times are those of New York (UTC-5)."""
    told = {
        "src": "5557320142",
        "dst": "800",
        "dcontext": "from-trunk",
        "channel": "PJSIP/trunk-0000001a",
        "dstchannel": "PJSIP/agent7-0000001b",
        "lastapp": "Queue",
        "lastdata": "support,t,,,60",
        "start": "2023-11-14 17:13:20",
        "answer": "2023-11-14 17:13:32",
        "end": "2023-11-14 17:15:02",
        "duration": "102",
        "billsec": "90",
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": f"{S0}.26",
        "linkedid": f"{S0}.26",
    }
    return told | columns


def asterisk_call() -> list[dict[str, str]]:
    """Legs of one call: answered, handed on to somebody who did not answer, then to somebody who did."""
    nobody = {"dstchannel": "PJSIP/agent8-0000001c", "disposition": "NO ANSWER", "answer": "", "billsec": "0"}
    second = {"dstchannel": "PJSIP/agent9-0000001d", "uniqueid": f"{S0 + 110}.29", "src": "agent7"}
    return [
        asterisk(),
        asterisk(
            **nobody | {"start": "2023-11-14 17:15:02", "end": "2023-11-14 17:19:59", "uniqueid": f"{S0 + 102}.28"}
        ),
        asterisk(
            **second | {"start": "2023-11-14 17:15:10", "answer": "2023-11-14 17:15:20", "end": "2023-11-14 17:16:20"}
        ),
    ]


def connect(**fields: Any) -> dict[str, Any]:
    told = {
        "ContactId": "c-1",
        "InitialContactId": None,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": "2023-11-14T22:13:20Z",
        "ConnectedToSystemTimestamp": "2023-11-14T22:13:20Z",
        "DisconnectTimestamp": "2023-11-14T22:18:20Z",
        "LastUpdateTimestamp": "2023-11-14T22:19:20Z",
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "Queue": {"Name": "Billing", "EnqueueTimestamp": "2023-11-14T22:13:50Z", "Duration": 40},
        "Agent": {
            "Username": "maria",
            "ConnectedToAgentTimestamp": "2023-11-14T22:14:30Z",
            "AgentInteractionDuration": 200,
            "CustomerHoldDuration": 15,
            "AfterContactWorkDuration": 25,
        },
        "CustomerEndpoint": {"Address": NUMBER, "Type": "TELEPHONE_NUMBER"},
        "Attributes": {"plan": "gold"},
    }
    return told | fields


def connect_call() -> list[dict[str, Any]]:
    """A contact, told twice, and the two to which it was transferred."""
    agent = {"Username": "ken", "ConnectedToAgentTimestamp": "2023-11-14T22:18:25Z", "AgentInteractionDuration": 90}
    transferred = {
        "ContactId": "c-2",
        "InitialContactId": "c-1",
        "InitiationMethod": "TRANSFER",
        "InitiationTimestamp": "2023-11-14T22:18:20Z",
        "DisconnectTimestamp": "2023-11-14T22:20:00Z",
        "LastUpdateTimestamp": "2023-11-14T22:20:40Z",
        "DisconnectReason": "AGENT_DISCONNECT",
        "Agent": agent,
    }
    last = transferred | {
        "ContactId": "c-3",
        "InitiationTimestamp": "2023-11-14T22:20:00Z",
        "DisconnectTimestamp": "2023-11-14T22:23:20Z",
        "LastUpdateTimestamp": "2023-11-14T22:23:30Z",
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "Agent": agent | {"Username": "lou", "ConnectedToAgentTimestamp": "2023-11-14T22:20:10Z"},
    }
    first = connect(DisconnectReason="AGENT_DISCONNECT")
    return [first, connect(**transferred), connect(**last), first | {"LastUpdateTimestamp": "2023-11-14T23:00:00Z"}]
