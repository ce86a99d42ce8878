"""GitOps for marketplace notifications: queues, destinations and subscriptions from YAML.

The names of the Python API are imported when they are first asked for: see docs/python.md.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "reconciler.api": ("load_plan", "open_session"),
    "reconciler.core.model.errors": (
        "DeclarationError",
        "Misdirected",
        "OutOfTime",
        "PlanRefused",
        "ReconcilerError",
        "Rerouted",
        "ServiceError",
        "SettingsError",
        "WrongUsage",
    ),
    "reconciler.core.planning.consent": ("Agreement", "SavedPlan"),
    "reconciler.core.planning.terms": ("DestroyTerms", "Terms"),
    "reconciler.core.verdicts.health": ("HealthLimits",),
    "reconciler.credentials.secrets": ("Secrets",),
    "reconciler.operate.doctor": ("doctor",),
    "reconciler.operate.export": ("export",),
    "reconciler.operate.receive": ("ReceiveLimits", "receive"),
    "reconciler.operate.status": ("status",),
    "reconciler.operate.verify": ("VerifyManner", "verify"),
    "reconciler.run": (
        "Applied",
        "Planned",
        "Session",
        "Taken",
        "TimeLimit",
        "apply",
        "drift",
        "plan",
        "snapshot",
    ),
    "reconciler.wiring": ("declarations",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name of the API; look the version up, since that takes a while."""
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("subscription-reconciler")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0+unknown"


def __dir__() -> list[str]:
    """Name what the API holds, imported or not."""
    return sorted((*globals(), *_HOME_OF, "__version__"))
