"""Packages that publish names list all of them, once."""

import importlib
import pkgutil
from types import ModuleType

import pytest

import app

PUBLISHING = [
    module
    for each in pkgutil.walk_packages(app.__path__, "app.")
    if each.ispkg and hasattr(module := importlib.import_module(each.name), "__all__")
]


@pytest.mark.parametrize("package", PUBLISHING, ids=lambda package: package.__name__)
def test_that_a_package_lists_what_it_takes_from_its_modules(package: ModuleType) -> None:
    own = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and str(getattr(value, "__module__", "")).startswith(f"{package.__name__}.")
    }
    assert own <= set(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
    assert len(set(package.__all__)) == len(package.__all__)


def test_that_some_packages_publish_names() -> None:
    assert {"app.domain.filters", "app.domain.json_logic"} <= {each.__name__ for each in PUBLISHING}
