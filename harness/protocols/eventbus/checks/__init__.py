"""EventBus's checks, by area of the spec."""
