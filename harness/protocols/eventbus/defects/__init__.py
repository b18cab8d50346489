"""Broken EventBus servers, by area of the spec."""
