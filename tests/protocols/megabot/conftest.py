"""MegaBot on a stage whose time the test sets, and visitors who talk to it in its own messages."""

import itertools

import pytest

from harness.protocols.megabot import PROTOCOL
from harness.scenario.loading import load


class Visitor:
    """One connection: what `Client` of the shared plays can, and a method for each thing that a client may send."""

    def __init__(self, client, ids):
        self.client = client
        self.ids = ids
        self.greeting = next((m["payload"] for m in client.messages("connection_established")), None)
        client.log[:] = [e for e in client.log if not (isinstance(e[1], dict) and e[1].get("payload") == self.greeting)]

    def __getattr__(self, name):
        return getattr(self.client, name)

    def tell(self, kind, payload, **more):
        """Send a message with a new id; it is given back."""
        message = {"id": f"c{next(self.ids)}", "type": kind, "payload": payload, **more}
        self.client.say(message)
        return message

    def chat(self, content, **more):
        """chat_send."""
        return self.tell("chat_send", {"content": content, **more})

    def call(self, tool_name, parameters=None, execution_id="exec_456"):
        """tool_call."""
        given = {} if parameters is None else {"parameters": parameters}
        return self.tell("tool_call", {"tool_name": tool_name, "execution_id": execution_id, **given})

    def join(self, workspace):
        """session_join."""
        return self.tell("session_join", {"session_id": workspace})

    def act(self, workspace, action="cursor_move", data=None):
        """collaborative_action."""
        return self.tell("collaborative_action", {"session_id": workspace, "action": action, "data": data or {}})

    def error(self, slug, request=None):
        """The payload of the next message, which must be this connection_error and answer this request."""
        message = self.client.take()
        assert message["type"] == "connection_error", message
        assert message["payload"]["error"] == slug, message
        assert message.get("metadata", {}).get("in_reply_to") == (request["id"] if request else None)
        return message["payload"]

    def text(self):
        """The content of the next chat_receive."""
        return self.client.take("chat_receive")["payload"]["content"]

    def chunks(self):
        """The payloads of all chat_stream so far."""
        return [m["payload"] for m in self.client.messages("chat_stream")]


class Bot:
    """A play of MegaBot, with visitors in place of clients."""

    def __init__(self, play):
        self.play = play
        self.ids = itertools.count(1)

    def __getattr__(self, name):
        return getattr(self.play, name)

    def visit(self, query=None, headers=None):
        """A client that has connected, and whose greeting is put aside."""
        return Visitor(self.play.connect(query=query, headers=headers), self.ids)


@pytest.fixture
def bot_of(play_of, tmp_path):
    """Makes plays of MegaBot: with these facts and rules, or of a scenario that is given as YAML."""

    def make(facts=None, rules=None, seed=None, script=None, **more):
        scenario = None
        if script is not None:
            path = tmp_path / "scenario.yaml"
            path.write_text(f"scenario: A test\nprotocol: megabot\n{script}")
            scenario = load(path, {"megabot": PROTOCOL})
        return Bot(play_of(PROTOCOL, scenario, facts, rules, seed, **more))

    return make
