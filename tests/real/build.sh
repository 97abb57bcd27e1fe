#!/usr/bin/env bash
# build.sh [PART...]: makes the programs of the real-system bed that are not in the cache yet (see cache.sh).
# Cold about half an hour on two cores, nearly all of it the Go builds; warm well under a second. Nothing is installed
# but missing small tools (Debian only); nothing is ever removed. Needs go and node; no containers.
set -euo pipefail
# shellcheck source=tests/real/cache.sh
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/cache.sh"
start=$SECONDS
# shellcheck disable=SC2086 # lists of words
[ $# -gt 0 ] || set -- $real_parts $real_delivery

missing=()
for tool in curl openssl gh; do command -v "$tool" >/dev/null || missing+=("$tool"); done
command -v ip >/dev/null || missing+=(iproute2)
if [ ${#missing[@]} -gt 0 ]; then
  echo "build: installing ${missing[*]}"
  root=(); [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends ca-certificates "${missing[@]}" >/dev/null
fi
for tool in go node npm; do command -v "$tool" >/dev/null || { echo "build: $tool is needed" >&2; exit 3; }; done

mkdir -p "$real_cache"
for part in "$@"; do
  dir=$(part_dir "$part")
  if [ -d "$dir" ]; then
    echo "build: $part is there: $dir"
    continue
  fi
  began=$SECONDS
  echo "build: $part ..."
  tmp=$(mktemp -d "$real_cache/.$part.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  log=$tmp/build.log
  if ! bash "$real_here/parts/$(part_recipe "$part" | head -1)" "$tmp" "$part" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "build: $part failed after $((SECONDS - began)) s" >&2
    exit 1
  fi
  chmod 755 "$tmp"
  # a folder appears whole or not at all; where another build was quicker, its result stays
  mv -T "$tmp" "$dir" 2>/dev/null || [ -d "$dir" ]
  rm -rf "$tmp"
  echo "build: $part made in $((SECONDS - began)) s: $dir"
done
echo "build: done in $((SECONDS - start)) s"
