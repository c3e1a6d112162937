"""Signals as a process has them that a person starts in a shell."""

import signal

_RESET = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2)


def reset_signals() -> None:
    """Forget which signals this process inherited as ignored or blocked.

    ``nohup``, a script's ``&`` and many runners of CI ignore some, and a program started from there would too.
    """
    for number in _RESET:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
