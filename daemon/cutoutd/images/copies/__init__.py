"""Copies of photos for sending: upright, smaller, and in one of few pixel modes.

Small pictures for people to look at belong in ``images.thumbnails``.
"""
