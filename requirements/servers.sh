#!/bin/sh
# Install the real servers that some tests speak to, where root may; tests whose server is missing say so in the summary.
set -eu

missing=""
[ -x /usr/sbin/sshd ] || command -v sshd >/dev/null || missing="$missing openssh-server"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || missing="$missing nginx-light"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
command -v caddy >/dev/null || missing="$missing caddy"
command -v openssl >/dev/null || missing="$missing openssl"
command -v strace >/dev/null || missing="$missing strace"
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="$missing chromium"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not installed, so their tests are skipped:$missing" >&2
    exit 0
fi
echo "Installing$missing."
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null 2>&1 || true
# shellcheck disable=SC2086  # several packages
apt-get install -qy $missing >/dev/null 2>&1 && exit 0
for package in $missing; do # one that is not to be had must not keep the others away
    apt-get install -qy "$package" >/dev/null 2>&1 || echo "Could not be installed, so its tests are skipped: $package" >&2
done
