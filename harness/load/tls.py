"""TLS without I/O: bytes in, bytes out, so that no bytes wait unseen in a socket's own buffer."""

from __future__ import annotations

from functools import cache

from gevent import ssl

RECORD_BYTES = 16 * 1024  # RFC 8446, 5.1: the most that one record holds.


class Tls:
    """The client's side of one TLS connection. What it wants sent is in `pending`."""

    def __init__(self, host: str) -> None:
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._arrived, self._leaving, server_hostname=host)

    def shake_hands(self, data: bytes) -> bool:
        """Go on with the handshake; whether it is done. ssl.SSLError when the server is not to be trusted."""
        self._arrived.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def pending(self) -> bytes:
        """What must be sent."""
        return bytes(self._leaving.read())

    def encrypt(self, data: bytes) -> bytes:
        """What must be sent for the server to read `data`."""
        while data:
            data = data[self._tls.write(data) :]
        return self.pending()

    def decrypt(self, data: bytes) -> bytes:
        """All that can be read by now; what belongs to a record still under way is kept. EOFError at its end."""
        self._arrived.write(data)
        parts = []
        try:
            while part := self._tls.read(RECORD_BYTES):
                parts.append(part)
        except ssl.SSLWantReadError:
            return b"".join(parts)
        except ssl.SSLZeroReturnError:
            pass
        if not parts:
            raise EOFError
        return b"".join(parts)


@cache
def _context() -> ssl.SSLContext:
    """One for all, since reading the machine's certificates takes longer than a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    return context
