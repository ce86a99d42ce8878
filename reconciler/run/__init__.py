"""Observe, ask and apply: the only loops and the only threads.

They know providers by their interface and plans by their steps; it decides nothing.
"""

from reconciler.run.applying import Applied, TimeLimit, apply
from reconciler.run.observing import look_further, observe
from reconciler.run.other_shards import ShardWait
from reconciler.run.progress import Progress, silent
from reconciler.run.questions import Question, Unanswered, ask
from reconciler.run.referrers import look_behind
from reconciler.run.steps import Recorder

__all__ = [
    "Applied",
    "Progress",
    "Question",
    "Recorder",
    "ShardWait",
    "TimeLimit",
    "Unanswered",
    "apply",
    "ask",
    "look_behind",
    "look_further",
    "observe",
    "silent",
]
