"""For plain Locust: `locust -f harness/load/locustfile.py --protocol skybit --host ws://127.0.0.1:8000/artifact/v1`."""

import argparse
import os

from harness import protocols
from harness.load import hooks
from harness.load.profiles import PROFILES

# Locust wants the users before it reads its command line.
_early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
_early.add_argument("--shape", choices=PROFILES, default="steady")
_early.add_argument("--protocol", default=os.environ.get("WS_HARNESS_PROTOCOL"))

_said = _early.parse_known_args()[0]
if _said.protocol is None:
    hooks.fail(f"no protocol is named: say --protocol, one of {', '.join(protocols.having('users'))}")
try:
    _users = hooks.users_of(_said.protocol)
except LookupError as error:
    hooks.fail(str(error))
globals().update({user.__name__: user for user in _users})
hooks.install(_users)
if _said.shape != "steady":  # Which is what Locust does without any.
    from harness.load.shapes import Shape as Shape
