"""The use cases: plan, apply, drift, snapshot, and how accounts are read and asked.

Here are the only loops and the only threads, and there is no terminal, no file and no argument
line. A `Session` is one run; what it says and what it may do are decided in the core.
"""

from reconciler.run.applying import Applied, apply, carry_out
from reconciler.run.halting import TimeLimit
from reconciler.run.observing import look_further, observe
from reconciler.run.other_shards import ShardWait
from reconciler.run.planning import (
    Planned,
    drift,
    how_far,
    look_for_referrers,
    plan,
    plan_alone,
)
from reconciler.run.reach import select, selected, to_read
from reconciler.run.recording import Taken, look_at_everything, snapshot
from reconciler.run.session import Connect, Discover, Session, Tell
from reconciler.run.steps import Recorder
from reconciler.run.stored import Recalled, StoredSnapshot
from reconciler.run.threads import Progress, Question, Unanswered, ask, silent
from reconciler.run.wave_gate import ProveWave, WaveQuestion

__all__ = [
    "Applied",
    "Connect",
    "Discover",
    "Planned",
    "Progress",
    "ProveWave",
    "Question",
    "Recalled",
    "Recorder",
    "Session",
    "ShardWait",
    "StoredSnapshot",
    "Taken",
    "Tell",
    "TimeLimit",
    "Unanswered",
    "WaveQuestion",
    "apply",
    "ask",
    "carry_out",
    "drift",
    "how_far",
    "look_at_everything",
    "look_for_referrers",
    "look_further",
    "observe",
    "plan",
    "plan_alone",
    "select",
    "selected",
    "silent",
    "snapshot",
    "to_read",
]
