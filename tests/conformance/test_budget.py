"""How much of a flood is recorded."""

from harness.conformance.budget import FRAME_BYTES, MAX_BYTES, Budget
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode


def taken(account, record, data=b"x" * 10_000, most=10_000):
    """How many frames of this size are taken before one is refused."""
    for number in range(most):
        if not account.takes(len(data)):
            return number
        record.note(0.0, "server", Frame(Opcode.TEXT, data))
    return most


def test_a_connection_has_so_much_and_less_after_each_flood():
    budget, counts, records = Budget(), [], []
    for _ in range(3):
        records.append(Conversation())
        counts.append(taken(budget.account(records[-1]), records[-1]))
        records[-1].clear()
    assert MAX_BYTES // (20_000 + FRAME_BYTES) - 1 <= counts[0] <= MAX_BYTES // 20_000
    assert counts == sorted(counts, reverse=True)
    assert counts[2] < counts[0] / 2


def test_all_together_have_so_much_unless_they_are_gone():
    budget, records = Budget(), []
    for _ in range(30):
        records.append(Conversation())
        if taken(budget.account(records[-1]), records[-1], most=300) < 300:
            break
    assert 20 < len(records) < 25
    assert budget.floods == 1
    records.clear()
    assert budget.used_bytes() == 0
