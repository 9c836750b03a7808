#!/bin/sh
# Installs puller and door:  install.sh SOURCE TARGET
#
# SOURCE holds the wheel and locked-service.txt. Packages have the locked versions and hashes, no
# compiler is needed, and pip isn't left behind.
set -eu
source=$1
target=$2

python3 -m venv "$target"
pip() {
    "$target/bin/python" -m pip "$@"
}
set -- --quiet --disable-pip-version-check --no-cache-dir --only-binary :all:
pip install "$@" --require-hashes --requirement "$source/locked-service.txt"
pip install "$@" --no-deps "$source"/run_registry_desktop-*.whl
pip uninstall --quiet --yes pip
"$target/bin/run-registry" --version
