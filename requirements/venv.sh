#!/bin/sh
# Make a virtual environment with the newest Python that is here and works; install what Debian keeps apart.
set -eu

for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "${python:-}" ] || { echo "Python 3.11 or newer is needed; python3 here is: $(python3 --version 2>&1 || true)" >&2; exit 1; }

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    [ "$(id -u)" = 0 ] || { echo "python$version-venv is missing: sudo apt-get install python$version-venv" >&2; exit 1; }
    echo "Installing python$version-venv."
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qy "python$version-venv" >/dev/null
fi

echo "Making $1 with $("$python" --version)."
"$python" -m venv "$1"
