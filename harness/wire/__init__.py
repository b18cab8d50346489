"""Between bytes and messages: the JSON codec, YAML files, and the compiled schemas of a protocol."""
