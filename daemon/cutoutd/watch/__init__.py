"""Notices what lies in one folder's input tree; ``watcher`` joins what the other rooms do.

Rooms: ``scanning`` (the truth), ``kernel_events`` and ``listening`` (the hints), ``hints`` (their bounded box),
``mounts`` (where events can be had), ``limits`` (what the kernel allows), ``rhythm`` (how often to look).
"""
