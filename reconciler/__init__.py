"""GitOps for marketplace notifications: queues, destinations and subscriptions from YAML."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("subscription-reconciler")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
