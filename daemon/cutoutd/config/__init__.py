"""The configuration: YAML in, frozen and checked settings out; every fault at once, with line, column and key path."""
