"""ws-harness: mock, conformance suite and load test for real-time WebSocket APIs."""

__version__ = "0.1.0"
