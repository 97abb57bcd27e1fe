#!/usr/bin/env bash
# prism.sh OUT: Prism with the part of GitHub's own API description that a release cockpit could touch.
# The descriptions are 385 MB; only the cut stays.
set -euo pipefail
out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/prism
cp "$here/package.json" "$here/package-lock.json" "$out/"
cd "$out"
npm ci --ignore-scripts --no-audit --no-fund --no-progress
node "$here/cut.mjs" node_modules/@octokit/openapi/generated/api.github.com.json >github.json
rm -rf node_modules/@octokit
