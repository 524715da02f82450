"""The process in which Python that somebody wrote, and native parsers, may run.

The boundary is the operating-system process: bubblewrap with a seccomp filter, or Landlock with one. Nothing in here
imports Keras, so that a sandbox begins to protect before anything heavy is loaded. ADR 0120 says what holds what.
"""

_entered = False


def entered() -> bool:
    """Whether this process was confined by `app.worker.inside`: own Python may be executed here."""
    return _entered


def mark_entered() -> None:
    """Note that this process is confined; only `app.worker.inside` says so."""
    global _entered
    _entered = True
