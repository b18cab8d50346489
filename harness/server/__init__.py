"""The mock over real sockets: the only aiohttp server. It moves frames and decides nothing."""
