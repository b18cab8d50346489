"""Reports of a run: for a terminal, as JSON with a published schema, and as JUnit XML."""
