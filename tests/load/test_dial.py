from harness.load.dial import http_url, with_query


def test_parameters_are_added_to_those_that_are_there():
    assert with_query("ws://host/ws") == "ws://host/ws"
    assert with_query("ws://host/ws?stage=a&empty=", token="t&t") == "ws://host/ws?stage=a&empty=&token=t%26t"


def test_the_login_is_where_the_socket_is():
    assert http_url("ws://host:1/ws?stage=a", "/login") == "http://host:1/login?stage=a"
    assert http_url("wss://host/ws", "/login") == "https://host/login"
