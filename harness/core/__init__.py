"""The engine's pure heart: standard library only, and neither a clock nor global chance in it."""
