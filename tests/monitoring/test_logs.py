"""Logs: one event one line of JSON, whatever it says and wherever it comes from."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

from monitoring.logs import JsonFormatter
from tests.conftest import ROOT


def test_a_log_event_is_one_line_whatever_it_says() -> None:
    record = logging.makeLogRecord({"msg": 'a\nb {"level": "forged"}', "levelname": "INFO", "request_id": "r1"})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    event = json.loads(line)
    assert (event["level"], event["request_id"], event["message"]) == ("info", "r1", 'a\nb {"level": "forged"}')


def test_what_json_can_not_hold_is_still_one_line() -> None:
    fields = {"msg": "file %s of %d", "args": ("a", "b"), "path": "\ud800", "size": 2**70, "by": {(1, 2): 3}}
    event = json.loads(JsonFormatter().format(logging.makeLogRecord(fields)))
    assert event["message"] == "file %s of %d ('a', 'b')"
    assert (event["path"], event["size"]) == ("\ud800", 2**70)


EVENTS = """
import logging, threading, warnings
from monitoring.logs import setup_logging
setup_logging(add=lambda: {"request_id": "r1"})
logging.getLogger("any").warning("first")
warnings.warn("second")
thread = threading.Thread(target=lambda: 1 // 0, name="divider")
thread.start()
thread.join()
"""


def test_warnings_and_threads_that_end_by_an_error_are_lines_of_the_log_too() -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", EVENTS], env=environ, text=True, capture_output=True, timeout=60)
    first, second, third = (json.loads(line) for line in done.stderr.splitlines())
    assert (first["message"], first["request_id"]) == ("first", "r1")
    assert "second" in second["message"]
    assert (third["level"], third["message"]) == ("critical", "the thread divider ended by an error")
    assert "ZeroDivisionError" in third["exception"]
