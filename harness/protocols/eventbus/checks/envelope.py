"""Stable envelope: the five members of every event."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conformance.check import Unobserved, check, expect
from harness.conformance.peer import Peer
from harness.core.conversation import Conversation
from harness.core.message import Message, Opcode
from harness.protocols.eventbus.checks.listening import LISTEN_S, Pair, pairs, settled_s
from harness.protocols.eventbus.checks.stream import EVENTS, channel_of, is_epoch, is_number, is_whole, moment
from harness.protocols.eventbus.lab import EventBusLab

BACK_S = 2.0  # Events of several threads may be told in another order than they happened.
SKEW_S = 600.0  # What a clock may be wrong. Zones differ by 900 s at least.
NO_IDS = "no event has an id, as on a legacy stream"


@check("EVB-ENV-01")
def each_frame_is_text_with_one_object(conversation: Conversation) -> Iterator[None]:
    """Every data frame of the server."""
    for entry in conversation.entries:
        if entry.sender == "server" and entry.frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            good = entry.frame.opcode is Opcode.TEXT and entry.message is not None
            shown = f"{entry.frame.opcode.name.lower()} frame {entry.frame.data[:80]!r}"
            yield expect(good, "a text frame that holds a JSON object", shown)


@check("EVB-ENV-02")
def each_channel_is_that_of_the_stream(conversation: Conversation) -> Iterator[None]:
    """Every event, against the path; where a record does not tell that, against the first event."""
    stream = channel_of(conversation)
    for event in conversation.received():
        stream = stream or str(event.get("channel"))
        named = event.get("channel")
        yield expect(named == stream and named in EVENTS, f"channel to be {stream!r}, one of the four", event)


@check("EVB-ENV-03")
def each_type_is_one_of_its_channel(conversation: Conversation) -> Iterator[None]:
    """Every event, against the list of its channel."""
    for event in conversation.received():
        types = EVENTS.get(channel_of(conversation) or str(event.get("channel")), ())
        yield expect(event.get("type") in types, f"type to be one of {', '.join(types)}", event)


@check("EVB-ENV-04")
def each_payload_is_an_object(conversation: Conversation) -> Iterator[None]:
    """Every event."""
    for event in conversation.received():
        yield expect(isinstance(event.get("payload"), dict), "payload to be an object", event)


@check("EVB-ENV-05")
def each_ts_is_a_number(conversation: Conversation) -> Iterator[None]:
    """Every event; fractions will do."""
    for event in conversation.received():
        yield expect(is_number(event.get("ts")), "ts to be a number", event)


@check("EVB-ENV-06")
def each_ts_is_in_seconds(conversation: Conversation) -> Iterator[None]:
    """Every event whose ts is a number."""
    for event in conversation.received():
        if is_number(event.get("ts")):
            yield expect(is_epoch(event["ts"]), "ts to be of the magnitude of epoch seconds", event)


@check("EVB-ENV-07", lasts_s=LISTEN_S)
async def the_ts_is_the_time_of_day(lab: EventBusLab) -> None:
    """Listen to all channels; the newest event of each, unless it may have been repeated to a new listener."""
    peers = await lab.listeners()
    await lab.rest(LISTEN_S)
    judged, since_s = 0, settled_s(lab)
    for peer in peers.values():
        began_s = lab.wall_s() - peer.now()
        news = [(e, m) for e, m in peer.conversation.messages("server") if e.at_s > since_s and is_number(m.get("ts"))]
        for entry, event in news[-1:]:
            judged += 1
            expect(abs(moment(event) - began_s - entry.at_s) <= SKEW_S, "ts to be now, in UTC", event)
    if not judged:
        raise Unobserved("no events came")


@check("EVB-ENV-08")
def the_ts_never_goes_back_far(conversation: Conversation) -> Iterator[None]:
    """Every event with a ts, against the latest before it."""
    latest = None
    for event in conversation.received():
        if is_number(event.get("ts")):
            if latest is not None:
                yield expect(moment(event) >= latest - BACK_S, f"a ts not before {latest}", event)
            latest = max(moment(event), latest or 0.0)


@check("EVB-ENV-09")
def all_events_have_an_id_or_none_has(conversation: Conversation) -> Iterator[None]:
    """Every event from the second one on, against the first; null is no id."""
    events = conversation.received()
    for event in events[1:]:
        has, first_has = event.get("id") is not None, events[0].get("id") is not None
        yield expect(has == first_has, "an id, as events before had" if first_has else "no id, as before", event)


def _with_ids(conversation: Conversation) -> list[Message]:
    """Unobserved where there are events, but none with an id."""
    events = conversation.received()
    found = [event for event in events if event.get("id") is not None]
    if events and not found:
        raise Unobserved(NO_IDS)
    return found


@check("EVB-ENV-10")
def each_id_is_a_whole_number(conversation: Conversation) -> Iterator[None]:
    """Every event that has an id."""
    for event in _with_ids(conversation):
        yield expect(is_whole(event["id"]), "id to be a whole number", event)


@check("EVB-ENV-11")
def ids_grow_along_a_stream(conversation: Conversation) -> Iterator[None]:
    """Every event that has an id, against the one before; gaps are allowed."""
    latest = None
    for event in _with_ids(conversation):
        if is_number(event["id"]):
            if latest is not None:
                yield expect(event["id"] > latest, f"an id above {latest}", event)
            latest = event["id"]


@check("EVB-ENV-12", lasts_s=2 * LISTEN_S)
async def ids_do_not_begin_anew_with_a_connection(lab: EventBusLab) -> None:
    """Listen to all channels, leave, come back and listen again: nothing new may have a lower id."""
    before = await lab.listeners()
    await lab.rest(LISTEN_S)
    for peer in before.values():
        await peer.close()
    after = await lab.listeners()
    await lab.rest(LISTEN_S)
    judged = 0
    for channel in before.keys() & after.keys():
        old, new = _ids(before[channel]), _ids(after[channel], settled_s(lab))
        if old and new:
            judged += 1
            expect(min(new) > max(old), f"ids that go on beyond {max(old)}", min(new))
    if not judged:
        raise Unobserved("no events with ids came to both listeners")


def _ids(peer: Peer, since_s: float = 0.0) -> list[float]:
    """Of all events; or of new ones only, where the first are left out that may be repeated to a new listener."""
    events = [event for entry, event in peer.conversation.messages("server") if entry.at_s >= since_s]
    return [event["id"] for event in events if is_number(event.get("id"))]


@check("EVB-ENV-13", lasts_s=2 * LISTEN_S)
async def an_id_names_the_same_event_for_all(lab: EventBusLab) -> None:
    """Let two listen to each channel; whatever both got under one id must be one event."""
    judged = 0
    for pair in await pairs(lab):
        judged += _compared(pair)
    if not judged:
        raise Unobserved("no events with ids came to two listeners")


def _compared(pair: Pair) -> int:
    """How many events with ids both got."""
    one, other = ({m["id"]: m for m in _with_ids(peer.conversation) if is_number(m["id"])} for peer in pair.peers)
    for id_ in one.keys() & other.keys():
        same = all(one[id_].get(name) == other[id_].get(name) for name in ("channel", "type", "payload", "ts"))
        expect(same, f"what the other listener got under this id: {other[id_]}", one[id_])
    return len(one.keys() & other.keys())
