#!/bin/sh
# Install the connector as services of systemd: deploy/install.sh
#
# Run it as root from the clone, where it is to stay (/opt/connector, say); again after every update. It makes the user
# `connector`, the project directory /var/lib/connector, a folder for secrets, and puts the units where systemd finds them.
# It starts and enables nothing. With DESTDIR=/some/folder everything goes below that folder, and no user is made.
set -eu

prefix=$(cd "$(dirname "$0")/.." && pwd)
root=${DESTDIR:-}
state=$root/var/lib/connector
units=$root/etc/systemd/system
secrets=$root/etc/connector/credentials

fail() {
    echo "install.sh: $1" >&2
    exit 2
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "root is needed (or DESTDIR=FOLDER to look at what it would do)"
case $prefix in
/home/* | /root/* | /tmp/*)
    [ -n "$root" ] || fail "$prefix cannot be read by a service; clone into /opt/connector and run it there"
    ;;
esac
[ -n "$root" ] && [ -x "$prefix/.venv/bin/connector" ] || make -s -C "$prefix" install
"$prefix/.venv/bin/python" -m compileall -q "$prefix/connector" "$prefix/jobs" # services may not write here, and would compile at each start

if [ -z "$root" ] && ! id connector >/dev/null 2>&1; then
    useradd --system --user-group --home-dir /var/lib/connector --no-create-home --shell /usr/sbin/nologin connector
    echo "Made the user connector."
fi

if [ -z "$root" ] && ! runuser -u connector -- "$prefix/.venv/bin/connector" --version >/dev/null 2>&1; then
    fail "the user connector cannot run $prefix/.venv/bin/connector: is $(readlink -f "$prefix/.venv/bin/python") in somebody's home? \
Remove .venv and run this again with the system's Python first: PATH=/usr/bin:/bin deploy/install.sh"
fi

mkdir -p "$units" "$root/var/lib" "$root/etc/connector"
[ -d "$secrets" ] || mkdir -m 0700 "$secrets"
if [ ! -e "$state/config/connector.toml" ]; then
    "$prefix/.venv/bin/connector" init "$state" >/dev/null
    find "$state/inbox" -type f -delete # samples, which nobody wants to sell
    echo "Made the project directory $state."
fi
chmod 0700 "$state"
[ -n "$root" ] || chown -R connector:connector "$state"

for unit in "$prefix"/deploy/systemd/*.service "$prefix"/deploy/systemd/*.timer; do
    sed "s|/opt/connector|$prefix|g" "$unit" >"$units/.$(basename "$unit")"
    chmod 0644 "$units/.$(basename "$unit")"
    mv "$units/.$(basename "$unit")" "$units/$(basename "$unit")"
done
[ -n "$root" ] || systemctl daemon-reload 2>/dev/null || echo "systemd does not run here; it will read the units when it does." >&2

cat <<END
Installed. Next:
  1. settings:  $state/config/connector.toml   (bind = "unix:/run/connector/api.sock" behind a proxy)
  2. secrets:   one file each in $secrets, mode 0600, named in the settings as "credential:NAME"
  3. look:      CREDENTIALS_DIRECTORY=/etc/connector/credentials $prefix/.venv/bin/connector --config /var/lib/connector/config/connector.toml check
  4. start:     systemctl enable --now connector-daemon connector-api
END
