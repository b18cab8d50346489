"""Broken servers, in the envelope."""

from __future__ import annotations

from typing import Any

from harness.core.defect import on_frame, on_message
from harness.core.message import Frame, Message, Opcode, merged
from harness.core.session import Session


@on_frame("MEG-FMT-01", Opcode.TEXT)
def binary_frames(frame: Frame, session: Session[Any, Any], now: float) -> Frame:
    """Sends its messages in binary frames."""
    return Frame(Opcode.BINARY, frame.data)


@on_message("MEG-FMT-02")
def numbers_for_ids(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives its ids as numbers."""
    return {**message, "id": int(message["id"].rpartition("_")[2])}


@on_message("MEG-FMT-03", also=("MEG-FMT-04",))
def one_id_for_all(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives all messages of one type the same id."""
    return {**message, "id": f"msg_{message['type']}"}


@on_message("MEG-FMT-04", "chat_stream", "tool_result")
def ids_of_the_client(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives an answer the id of what it answers."""
    return {**message, "id": message["metadata"]["in_reply_to"]}


@on_message("MEG-FMT-05", "status_update")
def updates_of_no_type(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Leaves the type of a status_update empty."""
    return {**message, "type": ""}


@on_message("MEG-FMT-06", "chat_receive")
def answers_as_a_client(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Sends the whole reply as chat_send."""
    return {**message, "type": "chat_send"}


@on_message("MEG-FMT-07", "status_update", also=("MEG-STAT-01", "MEG-STAT-02", "MEG-STAT-03", "MEG-STAT-04"))
def updates_in_words(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives a text for the payload of a status_update."""
    return {**message, "payload": message["payload"]["message"]}


@on_message("MEG-FMT-08", "connection_established", also=("MEG-FMT-12",))
def greets_out_of_time(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Greets without a timestamp."""
    return {name: value for name, value in message.items() if name != "timestamp"}


@on_message("MEG-FMT-09", "chat_stream")
def streams_out_of_time(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Sends chunks without a timestamp."""
    return {name: value for name, value in message.items() if name != "timestamp"}


@on_message("MEG-FMT-10", "chat_stream")
def counts_from_its_own_start(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the time of chunks in seconds since the server began."""
    return {**message, "timestamp": now}


@on_message("MEG-FMT-11", "chat_stream")
def milliseconds_in_streams(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells the time in milliseconds in chunks alone."""
    return {**message, "timestamp": message["timestamp"] * 1000}


@on_message("MEG-FMT-12")
def the_time_of_the_sample(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives every message the timestamp of the sample, which has long passed."""
    changes = {"timestamp": 1640995200, "payload.timestamp": 1640995200}
    return merged(message, changes if message["type"] == "chat_receive" else {"timestamp": 1640995200})


@on_message("MEG-FMT-13", "chat_receive")
def replies_before_their_pieces(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Tells an earlier time for the whole than for its pieces."""
    return {**message, "timestamp": message["timestamp"] - 10}


@on_message("MEG-FMT-14", "chat_stream")
def lists_for_metadata(message: Message, session: Session[Any, Any], now: float) -> Message:
    """Gives metadata as a list."""
    return {**message, "metadata": list(message["metadata"].values())}
