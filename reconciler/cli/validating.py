"""Validate: the declarations as they are, without network or credentials."""

from collections.abc import Iterable
from pathlib import Path

from reconciler.core.model.errors import DeclarationError
from reconciler.credentials.allowed_hosts import strays_of
from reconciler.reports.model import Located, Validation
from reconciler.wiring import declarations


def validated(path: Path, allow_hosts: Iterable[str] = ()) -> Validation:
    """Return everything that is wrong with the declarations, or worth a warning.

    Raises:
        SettingsError: the variable with the allowed hosts holds something else.
    """
    try:
        declared = declarations(path)
    except DeclarationError as error:
        return Validation(valid=False, errors=tuple(map(Located.of, error.problems)))
    found = (*strays_of(declared, allow_hosts), *declared.warnings, *declared.hints)
    warnings = tuple(map(Located.of, found))
    return Validation(valid=True, warnings=warnings, declared=len(declared.desired))
