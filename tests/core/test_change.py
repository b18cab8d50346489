from __future__ import annotations

from types import SimpleNamespace

from harness.core.change import kept, name_of, nth, text_of, values_in
from harness.core.defect import Defect


def test_what_is_kept_belongs_to_its_holder_and_name():
    one, other = SimpleNamespace(), SimpleNamespace()
    kept(one, "seen")["a"] = 1
    assert kept(one, "seen") == {"a": 1}
    assert (kept(one, "told"), kept(other, "seen")) == ({}, {})


def test_what_is_asked_is_counted_for_each_holder():
    one, other = SimpleNamespace(), SimpleNamespace()
    assert [nth(one, "packet"), nth(one, "packet"), nth(one, "ping"), nth(other, "packet")] == [1, 2, 1, 1]


def test_a_change_is_called_as_its_function_or_class_is():
    def says_nothing():
        """Says nothing."""  # fmt: skip

    assert (name_of(says_nothing), text_of(says_nothing)) == ("says-nothing", "Says nothing.")


def test_where_there_is_no_module_there_is_nothing():
    assert list(values_in("harness.protocols.nowhere", Defect)) == []
