"""Error Codes: whatever is malformed is a bad request, and the connection goes on serving."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from harness.conformance.check import check, expect
from harness.conformance.malformed import GONE, Malformed, Source
from harness.conformance.trial import FAR_S, Trial, judge
from harness.core.message import field_of, rfc3339, uuid4
from harness.protocols.skybit.checks.errors import RECOVERABLE
from harness.protocols.skybit.checks.probing import code
from harness.protocols.skybit.lab import LIMITS, SkybitLab, SkybitPeer

KINDS = ("Chat", "Approve", "Cancel", "Heartbeat", "Subscribe", "Unsubscribe")  # A second Auth is another matter.
WINDOW_S = 62.0
SHARE = 0.8  # Of the limits for a user, which malformed messages may count for, too.
INVALID = ("INVALID_REQUEST",)
NAMES = {"data", "data.preview_id", "data.order_id", "data.modifications"}  # Of what is approved or cancelled.
AT_ONCE = 4  # With one Heartbeat after them.


def _in_shape(kind: str, where: str, value: Any) -> bool:
    """Faults in what a type needs, that no server can overlook.

    What is free (the context of a Chat), what may well be ignored (a null where nothing has to be) and what is a
    question of meaning (an empty text, no channels at all) stays right.
    """
    is_there = value is not GONE and bool(value)
    match where:
        case "type" | "data.target":
            return True
        case "data":  # A Heartbeat whose data are empty has a wrong time.
            return kind != "Heartbeat" or not isinstance(value, dict)
        case "data.text" | "data.order_id":
            return not isinstance(value, str)
        case "data.preview_id":  # A Cancel of a preview need not be answered.
            return kind == "Approve" and not isinstance(value, str)
        case "data.modifications":
            return is_there and not isinstance(value, dict)
        case "data.channels":
            return not isinstance(value, list)
        case "data.channels.*":
            return kind == "Subscribe"
        case "data.channels.*.type":
            return kind == "Subscribe" and not isinstance(value, str)
        case "data.channels.*.symbols":
            return kind == "Subscribe" and is_there and not isinstance(value, list)
        case "data.channels.*.symbols.*":
            return is_there and not isinstance(value, str)
    return False


def _in_form(kind: str, where: str, value: Any) -> bool:
    """Faults in the rest of the envelope, in a time, and unknown words. A session is of the server's own choice."""
    if where == "session":
        return value is GONE
    is_channel = where == "data.channels.*.type" and kind == "Subscribe"
    return where in ("id", "ts", "data.client_ts") or (is_channel and isinstance(value, str))


IN_SHAPE = Source.of("skybit", "client", demanded=_in_shape).of_kinds(*KINDS)
IN_FORM = Source.of("skybit", "client", demanded=_in_form, texts=()).of_kinds("Chat", "Heartbeat", "Subscribe")


class Pace:
    """Keeps a user within the limits of a minute, should malformed messages count as what they were to be."""

    def __init__(self) -> None:
        self._said: dict[str, deque[float]] = {kind: deque() for kind in LIMITS}

    async def wait(self, trader: SkybitPeer, kind: str) -> None:
        """Until another message of this type may be sent."""
        if kind not in LIMITS:
            return
        said, clock = self._said[kind], trader.lab.wall_s
        if len(said) >= SHARE * LIMITS[kind]:
            await trader.stay(said.popleft() + WINDOW_S - clock())
        said.append(clock())


def _dressed(trader: SkybitPeer, malformed: Malformed) -> Malformed:
    lab = trader.lab
    return malformed.with_members(id=uuid4(lab.chance), ts=rfc3339(lab.wall_s()), session=trader.session)


def _codes(malformed: Malformed) -> tuple[str, ...]:
    """A server may first look for what the message speaks of, and not find it."""
    wrong = {".".join(map(str, fault[:2])) for fault in malformed.faults}
    if malformed.kind in ("Approve", "Cancel") and wrong & NAMES:
        return tuple(RECOVERABLE)
    return (*INVALID, "SYMBOL_NOT_FOUND") if "data.channels" in wrong else INVALID


async def _refused(trader: SkybitPeer, malformed: Malformed) -> None:
    """Send it, and demand an Error about it."""
    await trader.send_frame(malformed.frame)
    about = (None, "", (malformed.message or {}).get("id"))
    codes = _codes(malformed)
    error = await trader.receive("Error", where=lambda m: field_of(m, "data.request_id") in about)
    expect(code(error) in codes, " or ".join(codes) if len(codes) < len(RECOVERABLE) else "a code of the table", error)


async def _served(trader: SkybitPeer) -> None:
    asked = await trader.say("Heartbeat", client_ts=rfc3339(trader.lab.wall_s()))
    answer = await trader.receive("Heartbeat", "Error", where=lambda m: _is_about(m, asked["id"]))
    expect(answer["type"] == "Heartbeat", "a connection that goes on serving", answer)


def _is_about(answer: dict[str, Any], request_id: str) -> bool:
    """A second Error about what was malformed is no answer to the Heartbeat after it."""
    return bool(answer["type"] == "Heartbeat" or field_of(answer, "data.request_id") == request_id)


async def _try(lab: SkybitLab, source: Source, count: int) -> None:
    token = (await lab.borrow(1, load=0.0))[0]
    pace = Pace()

    async def connect() -> Sequence[SkybitPeer]:
        return [await lab.trader(token)]

    async def probe(peers: Sequence[SkybitPeer], group: Sequence[Malformed]) -> None:
        for malformed in group:
            await pace.wait(peers[0], malformed.kind)
            await _refused(peers[0], malformed)
        await pace.wait(peers[0], "Heartbeat")
        await _served(peers[0])

    await judge(Trial(source, connect, probe, _dressed, AT_ONCE), lab.chance, count)


@check("SKY-ERR-21", lasts_s=FAR_S)
async def whatever_is_malformed_is_refused(lab: SkybitLab) -> None:
    """Send what the schemas refuse, of all types but Auth, and now and then a Heartbeat."""
    await _try(lab, IN_SHAPE, 190)


@check("SKY-ERR-22", lasts_s=FAR_S)
async def whatever_has_a_wrong_form_is_refused(lab: SkybitLab) -> None:
    """Send messages with wrong ids and times and unknown channels, or no session, and now and then a Heartbeat."""
    await _try(lab, IN_FORM, 70)
