"""The checks of the wire, by sections of RFC 6455 and RFC 7692."""
