"""The demonstration ``cutoutd try``: a whole run against the sandbox, and the contact sheet of its results.

Code of the daemon does not belong here: the demonstration uses it as any other command does.
"""
