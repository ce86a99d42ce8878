"""What a release builds, once for all tests of it."""

import pytest

from release import building


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Return sdist and wheel, as they are built where everything is different."""
    sdist, wheel = sorted(
        building.build(building.OTHER, tmp_path_factory.mktemp("release")),
        key=lambda path: path.suffix == ".whl",
    )
    return sdist, wheel
