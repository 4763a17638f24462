#!/bin/sh
# Make the locks anew from setup.cfg. Run it with pip-tools on the PATH; commit what it writes.
set -eu
cd "$(dirname "$0")/.."
echo 'setuptools>=77' > requirements/build.in
options="--quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate"
pip-compile $options -o requirements/run.lock setup.cfg requirements/build.in
pip-compile $options --extra test -c requirements/run.lock -o requirements/test.lock setup.cfg requirements/build.in
pip-compile $options --extra bench -c requirements/run.lock -o requirements/bench.lock setup.cfg requirements/build.in
pip-compile $options -o requirements/audit.lock requirements/audit.in
