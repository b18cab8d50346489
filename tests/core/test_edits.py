"""Defects by the dozen, on messages as a server sends them."""

import copy

import pytest

from harness.core.edits import lacking, wrong
from harness.core.message import merged
from harness.protocols.skybit import PROTOCOL

MESSAGE = {"type": "Preview", "data": {"fees": [{"amount": 2}, {"amount": 3}], "quote": {"bid": 1}}}


def sent(defect, message):
    (message_filter,) = defect.apply(PROTOCOL).message_filters
    (result,) = message_filter(copy.deepcopy(message), None, 0.0)
    return result


def test_a_member_is_missing():
    defect = lacking("no-bid", "SKY-PREV-01", "Preview", "data.quote.bid")
    assert sent(defect, MESSAGE) == merged(MESSAGE, {"data.quote": {}})
    assert defect.text == "A Preview lacks data.quote.bid."


def test_members_of_every_entry_are_wrong():
    doubled = wrong("doubled", "SKY-PREV-01", "Preview", "data.fees.*.amount", lambda value: 2 * value)
    assert [fee["amount"] for fee in sent(doubled, MESSAGE)["data"]["fees"]] == [4, 6]
    assert doubled.text == "data.fees.*.amount of a Preview is wrong: doubled."


@pytest.mark.parametrize("path", ["data.quote.ask", "data.nothing.bid", "data.fees.2.amount", "type.of.it"])
def test_what_is_not_there_stays_so(path):
    assert sent(wrong("x", "SKY-PREV-01", "Preview", path, lambda value: 0), MESSAGE) == MESSAGE
    assert sent(lacking("x", "SKY-PREV-01", "Preview", path), MESSAGE) == MESSAGE


def test_other_types_and_messages_that_are_not_meant_pass_as_they_are():
    assert sent(lacking("x", "SKY-PREV-01", "Plan", "data.quote"), MESSAGE) == MESSAGE
    never = wrong("x", "SKY-PREV-01", "Preview", "data.quote.bid", lambda value: 0, where=lambda message: False)
    assert sent(never, MESSAGE) == MESSAGE


def test_a_kind_may_be_left_open():
    defect = wrong("x", "SKY-PREV-01", "", "data.quote.bid", lambda value: 0)
    assert sent(defect, MESSAGE)["data"]["quote"]["bid"] == 0
    assert "of a message" in defect.text
