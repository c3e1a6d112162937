"""The decision which photo takes its next step now: stages, workers, pause, circuit breaker, and held photos.

The steps themselves belong in ``steps``.
"""
