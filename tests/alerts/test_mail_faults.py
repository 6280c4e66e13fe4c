"""A mail server that hangs and then puts us off: the mail arrives, and no turn of the rules is late (promise 16)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from alerts.annotations import expand
from alerts.outbox import last_deliveries
from alerts.running import Rules
from data.samples.store import SampleStore
from tests.alerts.delivering import Delivering
from tests.alerts.hook import Hook
from tests.alerts.mailbox import mailbox
from tests.servers import wait_until

INTERVAL = 5_000
RULES = """
groups:
  - name: g
    interval: 5s
    rules:
      - alert: Down
        expr: vector(1)
"""
ROUTES = """
route: {{receiver: ops, group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: ops
    email_configs:
      - {{to: ops@h.org, from: v@h.org, smarthost: '127.0.0.1:PORT', require_tls: false}}
"""


@pytest.mark.slow
def test_while_the_mail_server_hangs_and_refuses_rules_are_judged_in_time(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    turns: list[int] = []
    with mailbox() as box, Hook() as hook:
        box.hang = 60
        bench = Delivering(tmp_path, hook, ROUTES.replace("PORT", str(box.port)))
        store = SampleStore(tmp_path / "samples.sqlite")
        rules = Rules(tmp_path / "rules.yml", store, bench.record, expand, bench.lease)
        rules.on_transitions = bench.notifier.take
        rules.on_evaluated = lambda *_: turns.append(rules.groups[0][1][0].evaluated_at or 0)
        rules.start()

        def said(text: str) -> bool:
            with bench.record.read() as connection:
                return any(text in each.error for each in last_deliveries(connection).values())

        try:
            wait_until(lambda: bool(box.asked_at), "the server was asked")
            asked = len(turns)
            wait_until(lambda: said("no answer within 10 s"), "the server was cut off")
            # Meanwhile rules were judged, and below: at each of their turns.
            assert len(turns) - asked >= 1
            box.hang, box.answers = 0, ["451 later"]
            wait_until(lambda: said("451 later"), "it was put off")
            box.wait_for(1)
        finally:
            rules.stop()
            bench.close()
            store.close()
    assert [mail["Subject"] for mail in box.mails] == ["[FIRING:1] Down"]
    # None was left out: each was judged before the next one was due.
    assert {later - earlier for earlier, later in pairwise(turns)} == {INTERVAL}
