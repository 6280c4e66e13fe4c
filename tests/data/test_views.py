"""Whose views are whose."""

from __future__ import annotations

from data.record import Record
from data.views import View, home_of, save_view, set_home, views_of


def test_everybody_sees_what_is_shared_and_only_the_owner_the_rest(record: Record) -> None:
    ours, mine = View(name="Ours", path="/"), View(name="Mine", path="/calls", query="agent=roxy")
    save_view(record, ours, None)
    save_view(record, mine, "ada")
    save_view(record, mine, "bob")
    assert [(v["name"], v["shared"]) for v in views_of(record, "ada")] == [("Mine", False), ("Ours", True)]
    assert [v["name"] for v in views_of(record, None)] == ["Ours"]
    set_home(record, views_of(record, None)[0]["id"], None, home=True)
    assert home_of(record, "ada") == "/"
    set_home(record, views_of(record, "ada")[0]["id"], "ada", home=True)
    assert (home_of(record, "ada"), home_of(record, "bob")) == ("/calls?agent=roxy", "/")
