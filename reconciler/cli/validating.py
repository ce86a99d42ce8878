"""Validate: the declarations as they are, without network or credentials."""

from pathlib import Path

from reconciler.core.errors import DeclarationError
from reconciler.reports.model import Located, Validation
from reconciler.wiring import declarations


def validated(path: Path) -> Validation:
    """Return everything that is wrong with the declarations, or worth a warning."""
    try:
        declared = declarations(path)
    except DeclarationError as error:
        return Validation(valid=False, errors=tuple(map(Located.of, error.problems)))
    found = (*declared.warnings, *declared.hints)
    warnings = tuple(map(Located.of, found))
    return Validation(valid=True, warnings=warnings, declared=len(declared.desired))
