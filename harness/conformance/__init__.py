"""The conformance suite: requirements, checks, and the peer that checks talk through."""
