"""For plain Locust: `locust -f harness/load/locustfile.py --protocol skybit --host ws://127.0.0.1:8000/artifact/v1`."""

import argparse
import os

from harness import protocols
from harness.load import hooks

# Locust wants the users before it reads its command line.
_early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
_early.add_argument("--protocol", default=os.environ.get("WS_HARNESS_PROTOCOL"))
_protocol = _early.parse_known_args()[0].protocol
if _protocol is None:
    hooks.fail(f"no protocol is named: say --protocol, one of {', '.join(protocols.having('users'))}")

try:
    _users = hooks.users_of(_protocol)
except LookupError as error:
    hooks.fail(str(error))
globals().update({user.__name__: user for user in _users})
hooks.install(_users)
