"""The types of single values in the configuration: choices, sizes, durations, texts and addresses.

The keys that have these types belong in ``config.settings``.
"""
