"""Load tests: Locust users that behave like a protocol's real clients, and targets for what they measure.

Importing locust patches the standard library's sockets, so nothing outside this folder, but for a protocol's
`users.py`, imports it, and the command runs it in a process of its own.
"""
