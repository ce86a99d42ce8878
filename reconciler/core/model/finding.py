"""What is found about an object or an account, apart from the plan that it is part of."""

from reconciler.core.model.spec import Frozen


class Finding(Frozen):
    """Something a plan could not decide or read, or a warning; `address` may be an account."""

    address: str
    message: str
