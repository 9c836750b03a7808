"""Adds the documentation to the packages: the window shows its pages where nothing else is."""

from setuptools import find_namespace_packages, setup

setup(
    packages=[
        *find_namespace_packages(include=["app*", "resources*", "run_registry*"]),
        "resources.docs",
    ],
    package_dir={"resources.docs": "docs"},
)
