#!/usr/bin/env bash
# prometheus.sh OUT: Debian's prometheus and promtool, unpacked and not installed (so no service is started).
set -euo pipefail
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# a fresh machine has no package lists yet
if ! apt-get download prometheus; then
  root=(); [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update
  apt-get download prometheus
fi
dpkg -x prometheus_*.deb unpacked
cp unpacked/usr/bin/prometheus unpacked/usr/bin/promtool "$out/"
