#!/usr/bin/env bash
# crds.sh OUT: collects the definitions of the kinds that gonogo speaks out of their own Go modules. No others: each of
# Argo's has over 500 kB and takes the API server about a second.
set -euo pipefail
out=$1
export GOTOOLCHAIN=local GOFLAGS=-mod=mod
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
dir() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

argo=$(dir github.com/argoproj/argo-rollouts@v1.10.0)/manifests/crds
for kind in rollout analysis-run analysis-template; do
  cp "$argo/$kind-crd.yaml" "$out/argo-$kind.yaml"
done
cp "$(dir github.com/fluxcd/flagger@v1.36.1)/artifacts/flagger/crd.yaml" "$out/flagger.yaml"
gateway=$(dir sigs.k8s.io/gateway-api@v1.6.1)/config/crd/standard
for kind in gatewayclasses gateways httproutes; do
  cp "$gateway/gateway.networking.k8s.io_$kind.yaml" "$out/gateway-$kind.yaml"
done
# of Istio's one file, the three kinds that route traffic
istio=$(dir istio.io/api@v1.30.3)/kubernetes/customresourcedefinitions.gen.yaml
awk -v out="$out" 'BEGIN { RS = "---\n" }
  match($0, /\n  name: (virtualservices|destinationrules|gateways)\.networking\.istio\.io/) {
    name = substr($0, RSTART + 9, RLENGTH - 9); printf "%s", $0 > (out "/istio-" name ".yaml")
  }' "$istio"
chmod u+w "$out"/*.yaml
[ "$(find "$out" -name '*.yaml' | wc -l)" = 10 ]
