"""What the requirements demand of conversations, section by section of the spec."""
