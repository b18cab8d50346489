"""What a variant of BrainStream does where no check looks."""

from harness import protocols
from harness.core.session import Request
from harness.protocols.brainstream import PROTOCOL


def test_the_eleventh_of_an_address_is_refused_by_http_until_another_goes(play_of):
    play = play_of(protocols.variants("brainstream")["ten-connections-by-http"].apply(PROTOCOL))
    clients = [play.connect(remote="10.0.0.1") for _ in range(10)]
    assert play.stage.admit(Request("/", remote="10.0.0.1"), 0.0).status == 429
    assert play.stage.admit(Request("/", remote="10.0.0.2"), 0.0) is None
    clients[0].link.gone(0.0)
    assert play.stage.admit(Request("/", remote="10.0.0.1"), 0.0) is None
