# What type checkers know of the API: the names that `__init__.py` imports when asked.
from reconciler.api import load_plan, open_session
from reconciler.core.model.errors import (
    DeclarationError,
    Misdirected,
    OutOfTime,
    PlanRefused,
    ReconcilerError,
    Rerouted,
    ServiceError,
    SettingsError,
    WrongUsage,
)
from reconciler.core.planning.consent import Agreement, SavedPlan
from reconciler.core.planning.terms import DestroyTerms, Terms
from reconciler.core.verdicts.health import HealthLimits
from reconciler.credentials.secrets import Secrets
from reconciler.operate.doctor import doctor
from reconciler.operate.export import export
from reconciler.operate.receive import ReceiveLimits, receive
from reconciler.operate.status import status
from reconciler.operate.verify import VerifyManner, verify
from reconciler.run import (
    Applied,
    Planned,
    Session,
    Taken,
    TimeLimit,
    apply,
    drift,
    plan,
    snapshot,
)
from reconciler.wiring import declarations

__version__: str
__all__ = [
    "Agreement",
    "Applied",
    "DeclarationError",
    "DestroyTerms",
    "HealthLimits",
    "Misdirected",
    "OutOfTime",
    "PlanRefused",
    "Planned",
    "ReceiveLimits",
    "ReconcilerError",
    "Rerouted",
    "SavedPlan",
    "Secrets",
    "ServiceError",
    "Session",
    "SettingsError",
    "Taken",
    "Terms",
    "TimeLimit",
    "VerifyManner",
    "WrongUsage",
    "__version__",
    "apply",
    "declarations",
    "doctor",
    "drift",
    "export",
    "load_plan",
    "open_session",
    "plan",
    "receive",
    "snapshot",
    "status",
    "verify",
]
