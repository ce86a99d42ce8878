"""Observe, ask and apply: the only loops and the only threads.

The engine knows providers by their interface and plans by their steps; it decides nothing.
"""

from reconciler.engine.applying import Applied, apply
from reconciler.engine.asking import Question, Unanswered, ask
from reconciler.engine.behind import look_behind
from reconciler.engine.elsewhere import Patience
from reconciler.engine.observing import look_further, observe
from reconciler.engine.progress import Progress, silent
from reconciler.engine.steps import Recorder

__all__ = [
    "Applied",
    "Patience",
    "Progress",
    "Question",
    "Recorder",
    "Unanswered",
    "apply",
    "ask",
    "look_behind",
    "look_further",
    "observe",
    "silent",
]
