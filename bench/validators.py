"""What it costs to check one message: the fast validator beside the explaining one, in microseconds per message."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from harness import protocols
from harness.core.conversation import Sender
from harness.core.message import Frame, Message, Opcode
from harness.wire.codec import decode, encode
from harness.wire.schemas import Shapes, shapes

BUDGET_S = 0.03  # For each figure, three times; the best counts, since the others show what else the machine did.


def microseconds(call: Callable[[], object]) -> float:
    """The least time that `call` takes."""
    timer = timeit.Timer(call)
    once_s = max(timer.timeit(1), 1e-7)
    rounds = max(1, int(BUDGET_S / once_s))
    return min(timer.repeat(3, rounds)) / rounds * 1e6


def samples(of: Shapes) -> Iterator[tuple[Sender, Message]]:
    """The first example of each type, from either side."""
    yield from (("client", next(iter(each.values()))) for each in of.client_examples.values())
    yield from (("server", next(iter(each.values()))) for each in of.examples.values())


def table(name: str) -> Table:
    """The figures of one protocol."""
    of = shapes(protocols.load(name).folder)
    result = Table(
        "type", "from", "bytes", "decode", "jsonschema-rs", "jsonschema", "times", title=f"{name}: us/message"
    )
    for column in result.columns[2:]:
        column.justify = "right"
    for sender, message in samples(of):
        frame = Frame(Opcode.TEXT, encode(message))
        decoded = microseconds(lambda frame=frame: decode(frame))
        fast = microseconds(lambda message=message, sender=sender: of.problem(message, sender))
        slow = microseconds(lambda message=message, sender=sender: of.explanation(message, sender))
        figures = (f"{decoded:.1f}", f"{fast:.1f}", f"{slow:.0f}", f"{slow / fast:.0f}")
        result.add_row(message["type"], sender, str(len(frame.data)), *figures)
    return result


if __name__ == "__main__":
    for each in protocols.names():
        Console(width=100).print(table(each))
