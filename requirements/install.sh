#!/bin/sh
# Install exactly what a lock names, by hash, and the project itself into a virtual environment: install.sh VENV/bin LOCK
set -eu

echo "Installing the dependencies of $2; the first time takes a minute or two."
"$1/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$2"
"$1/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
"$1/python" -m compileall -q connector jobs
