import pytest

from harness.conformance.profile import Profile, ProfileError, load

WHOLE = """
url = "wss://api.example.com/artifact/v1"
tokens = ["first", "second"]
expired_token = "old"
bad_token = "never"
symbols = ["AAPL"]
ca_file = "ca.pem"

[tolerances]
reply_s = 8
quiet_s = 0.5
side_by_side = 4

[headers]
X-Team = "trading"

[credentials]
username = "user"
api_key = "your_api_key"

[capabilities]
deflate = false

[urls]
deflate = "wss://deflate.example.com/"
"""


@pytest.fixture
def load_text(tmp_path):
    def load_it(text, base=None, capabilities=("deflate",)):
        path = tmp_path / "profile.toml"
        path.write_text(text)
        return load(path, base or Profile(""), capabilities)

    return load_it


def test_a_whole_profile_is_read(load_text, tmp_path):
    assert load_text(WHOLE) == Profile(
        target="wss://api.example.com/artifact/v1",
        tokens=("first", "second"),
        expired_token="old",
        bad_token="never",
        symbols=("AAPL",),
        ca_file=str(tmp_path / "ca.pem"),
        reply_s=8.0,
        quiet_s=0.5,
        side_by_side=4,
        headers={"X-Team": "trading"},
        credentials={"username": "user", "api_key": "your_api_key"},
        capabilities={"deflate": False},
        urls={"deflate": "wss://deflate.example.com/"},
    )


def test_a_capability_may_show_elsewhere():
    there = Profile("ws://here/?a=hidden-here", urls={"keys": "ws://user:hidden-too@there/?b=hidden-there"})
    assert there.url({"c": "1"}) == "ws://here/?a=hidden-here&c=1"
    assert there.url({"c": "1"}, "keys") == "ws://user:hidden-too@there/?b=hidden-there&c=1"
    assert there.url({"b": "2"}, "keys") == "ws://user:hidden-too@there/?b=2"
    assert there.url({}, "deflate") == there.target
    assert set(there.secrets) == {"hidden-here", "hidden-too", "hidden-there"}


def test_what_a_profile_does_not_say_stays_as_it_was(load_text):
    assert load_text("", Profile("ws://here/", ("a",))) == Profile("ws://here/", ("a",))


def test_the_address_on_the_command_line_goes_first(load_text):
    assert load_text('url = "ws://there/"', Profile("ws://here/")).target == "ws://here/"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tokens = 5", "tokens: expected a list of texts, such as"),
        ('tokens = ["a", ""]', "tokens: expected a list of texts"),
        ('token = ["a"]', "unknown key token; .* Did you mean 'tokens'"),
        ("url = 5", "url: expected a text, found 5"),
        ("tolerances = 5", "tolerances: expected a table, as in `.tolerances.`, found 5"),
        ("[urls]\ndeflat = 'ws://a/'", "unknown key urls.deflat; .* Did you mean 'deflate'"),
        ("[urls]\ndeflate = 'http://a/'", "urls.deflate: expected a URL that begins with ws:// or wss://"),
        ("[urls]\ndeflate = 5", "urls.deflate: expected a URL"),
        ("[tolerances]\nreply = 5", "unknown key tolerances.reply; .* Did you mean 'reply_s'"),
        ("[tolerances]\nreply_s = 0", "tolerances.reply_s: expected a number above 0, found 0"),
        ("[tolerances]\nreply_s = true", "tolerances.reply_s: expected a number above 0, found True"),
        ("[tolerances]\nside_by_side = 1.5", "tolerances.side_by_side: expected a whole number above 0"),
        ('[headers]\nA = "x\\ny"', "headers.A: expected a text of one line"),
        ("[capabilities]\ndeflat = false", "unknown key capabilities.deflat; .* Did you mean 'deflate'"),
        ('[capabilities]\ndeflate = "no"', "capabilities.deflate: expected true or false, found 'no'"),
        ("[credentials]\nkey = 'a'", "unknown key credentials.key; .* Did you mean 'api_key'"),
        ("[credentials]\npassword = 5", "credentials.password: expected a text, found 'something else"),
        ("tokens = [", "expected TOML"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_expectation(text, told, load_text):
    with pytest.raises(ProfileError, match=told) as raised:
        load_text(text)
    assert "profile.toml" in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ProfileError, match="cannot be read: No such file"):
        load(tmp_path / "nothing.toml", Profile(""))


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="expected text in UTF-8"):
        load(tmp_path / "x.toml", Profile(""))


def test_a_query_is_added_to_the_address():
    assert Profile("ws://here/a").url({}) == "ws://here/a"
    assert Profile("ws://here/a?b=1").url({"c": "d e"}) == "ws://here/a?b=1&c=d+e"


def test_secrets_are_tokens_headers_and_what_hides_in_the_address():
    told = {"username": "user", "password": "four", "api_key": "five"}
    profile = Profile(
        "ws://u:pass@h/?key=value", ("one",), expired_token="two", headers={"A": "three"}, credentials=told
    )
    assert set(profile.secrets) == {"one", "two", "three", "four", "five", "pass", "value"}


def test_a_server_may_lack_more_than_its_profile_says():
    profile = Profile("ws://here", capabilities={"key": True, "limit": False})
    assert profile.lacking(("key", "ids")).capabilities == {"key": False, "limit": False, "ids": False}
    assert profile.lacking(()) == profile
