#!/usr/bin/env bash
# tool.sh OUT argo|flagger|traefik: builds the programs of one delivery controller, as tool/NAME says.
# No source is changed or copied: the module that builds them is the tool's own go.mod under another name plus the tool
# itself, so that its versions and its replace lines stay in force; those of a mere dependency would be ignored.
set -euo pipefail
out=$1 name=$2
# shellcheck source=/dev/null
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/tool/$name"
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-mod=mod -buildvcs=false'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# shellcheck disable=SC2154 # set by tool/NAME
source=$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
sed "s#^module .*#module bed/$name#" "$source/go.mod" >go.mod
cat "$source/go.sum" >go.sum
go mod edit -require="$module@$version"
# shellcheck disable=SC2154
for program in $programs; do
  go build -trimpath -ldflags "-s -w $flags" -o "$out/${program##*/}" "$module/$program"
done
