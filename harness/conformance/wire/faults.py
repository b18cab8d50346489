"""Faults of the wire: ways to break RFC 6455 or RFC 7692, one requirement each. They prove that a check can fail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One way: its name, the requirements that it breaks (the first is the one that it proves), and what it does."""

    name: str
    breaks: tuple[str, ...]
    text: str


def _faults(**texts: str) -> tuple[Fault, ...]:
    """`id of the requirement, and of others, joined by _and_` = name: what the server does."""
    result = []
    for ids, line in texts.items():
        name, _, text = line.partition(": ")
        breaks = tuple(f"RFC-{id_.replace('_', '-')}" for id_ in ids.split("_and_"))
        result.append(Fault(name, breaks, text))
    return tuple(result)


FAULTS = _faults(
    HAND_01="no words: Its answer lacks Connection: Upgrade.",
    HAND_02="accept: Sec-WebSocket-Accept has nothing to do with the key.",
    HAND_03="case matters: It knows Connection: Upgrade in these very letters only.",
    HAND_04="any version: It accepts whatever version is asked for.",
    HAND_05="version unnamed: It refuses another version and does not name its own.",
    HAND_06="no version: It accepts a handshake without a version.",
    HAND_07="no key: It accepts a handshake without a key.",
    HAND_08="any key: It accepts a key of any length.",
    HAND_09="any method: It accepts a handshake by POST.",
    HAND_10="any http: It accepts a handshake by HTTP/1.0.",
    HAND_11="no upgrade: It accepts a handshake without Upgrade.",
    HAND_12="no connection: It accepts a handshake without Connection: Upgrade.",
    HAND_13="protocol unasked: It selects a subprotocol that nobody offered.",
    HAND_14="extension unasked: It agrees on permessage-deflate, which nobody offered.",
    HAND_15="unknown extension: It agrees on whatever extension is offered.",
    HAND_16="head in one read: It takes what the first read brings for the whole handshake.",
    FRAME_01="masked: Its own frames are masked.",
    FRAME_02="unmasked: It takes messages without a mask.",
    FRAME_03="unmasked ping: It takes pings without a mask.",
    FRAME_04="rsv1: It takes RSV1 where nothing was agreed on.",
    FRAME_05="rsv23: It takes RSV2 and RSV3.",
    FRAME_06="any data opcode: It takes reserved opcodes of data.",
    FRAME_07="any control opcode: It takes reserved opcodes of control.",
    FRAME_08="frame in one read: It takes what one read brings for a whole frame.",
    FRAME_09="one frame a segment: It drops what comes behind a frame in the same segment.",
    FRAME_10="long lengths: It writes short lengths in the long form.",
    FRAME_11="any length: It takes a length with the highest bit set.",
    FRAME_12="empty message: It ends the connection at an empty text.",
    CTRL_01="short pong: Its pongs have the first ten bytes of the ping.",
    CTRL_02="last ping lost: It does not answer the last of many pings.",
    CTRL_03="pong refused: It ends the connection at a pong that it did not ask for.",
    CTRL_04="long control: It takes control frames of more than 125 bytes.",
    CTRL_05="control in fragments: It takes control frames in fragments.",
    CTRL_06_and_DEFL_10="rsv on control: It takes RSV1 on control frames.",
    CTRL_07="other code: It tells a breach by code 1008.",
    FRAG_01="no fragments: It ends the connection at a continuation.",
    FRAG_02="busy: It answers no ping amid a message in fragments.",
    FRAG_03="stray continuation: It takes a continuation of nothing.",
    FRAG_04="message in message: It takes a message within another one.",
    FRAG_05_and_DEFL_09="rsv on continuation: It takes RSV1 on a continuation.",
    UTF_01_and_UTF_04="any text: It takes text that is not UTF-8.",
    UTF_02="text by 1003: It tells text that is not UTF-8 by code 1003.",
    UTF_03="fragments judged alone: It wants each fragment to be UTF-8 by itself.",
    UTF_05="binary judged: It wants binary data to be UTF-8.",
    CLOSE_01="close unanswered: It cuts TCP at a close frame.",
    CLOSE_02="own code: It answers a close frame by a code of its own.",
    CLOSE_03="tcp stays: It leaves TCP open behind the closing handshake.",
    CLOSE_04="more after close: It sends a message behind its close frame.",
    CLOSE_05="one byte: It takes a close frame with a body of one byte.",
    CLOSE_06_and_CLOSE_11="any code: It sends back whatever code it is sent.",
    CLOSE_07="any reason: It takes a reason that is not UTF-8.",
    CLOSE_08="short reasons: It ends the connection at a reason of more than 100 bytes.",
    CLOSE_09="close amid: It cuts TCP at a close frame amid a message.",
    DEFL_01="odd agreement: It agrees on a parameter that RFC 7692 does not know.",
    DEFL_02="wishes forgotten: It accepts an offer and leaves out what that wants of the server.",
    DEFL_03="window unasked: It sets client_max_window_bits, which nobody offered.",
    DEFL_04="any offer: It accepts offers with unknown and repeated parameters.",
    DEFL_05="nothing inflated: It ends the connection at a compressed message.",
    DEFL_06="compressed only: It ends the connection at a message that is not compressed.",
    DEFL_07="takeover forgotten: It inflates each message by itself.",
    DEFL_08="any deflate: It takes data that cannot be inflated for an empty message.",
    DEFL_11="deflated text unjudged: It does not look at text that was inflated.",
    DEFL_12="bomb: It serves nobody any more once a message grew a thousandfold.",
)
