#!/bin/sh
# Install exactly what a lock names, by hash, and the project itself into a virtual environment: install.sh VENV/bin LOCK
set -eu

python=$1/python
install() {
    "$python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile "$@"
}

echo "Installing the dependencies of $2; the first time takes a minute or two."
install --require-hashes -r "$2"
install --no-deps --no-build-isolation -e .
# Here and not by pip, which uses one processor; what cannot be compiled, in a library's own tests, stops nobody.
"$python" -m compileall -q -j 0 "$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" >/dev/null 2>&1 || true
"$python" -m compileall -q connector jobs
