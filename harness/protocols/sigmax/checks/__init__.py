"""SIGMAX's checks, by section of the spec: one small function for each requirement in requirements.yaml."""
