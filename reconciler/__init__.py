"""GitOps for marketplace notifications: queues, destinations and subscriptions from YAML."""


def __getattr__(name: str) -> str:
    """Look the version up only when it is asked for, since that takes a while."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("subscription-reconciler")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0+unknown"
