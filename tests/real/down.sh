#!/usr/bin/env bash
# down.sh DIR [--purge]: stops what up.sh started in DIR; --purge also removes DIR.
set -euo pipefail
[ -d "${1:?folder of the bed}/run" ] || { echo "down: there is no bed in $1" >&2; exit 0; }
dir=$(cd "$1" && pwd)
# names the bed: a pid may have been given to another process since
ours() { { tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF "$dir/"; } 2>/dev/null; }
for file in "$dir"/run/*.pid; do
  [ -e "$file" ] || continue
  pid=$(cat "$file")
  # Nobody needs what they would write at the end, and an apiserver that is asked lingers over a minute on open watches.
  if ours "$pid"; then
    kill -9 "$pid" 2>/dev/null || true
    for _ in $(seq 50); do ours "$pid" || break; sleep 0.1; done
  fi
  rm -f "$file"
done
if [ "${2:-}" = --purge ]; then rm -rf "$dir"; fi
