"""Signals for processes that tests stop."""

import signal


def listen() -> None:
    """Let signals end this process; for `preexec_fn`.

    What nohup or a shell's `&` starts ignores some of them, and so would its children: tests that wait for
    one to stop would wait for ever.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
