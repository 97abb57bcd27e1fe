#!/usr/bin/env bash
# crds.sh OUT crds|crds-more: collects definitions of kinds out of their own Go modules. `crds`: those that gonogo
# speaks. `crds-more`: what their controllers need besides, for the bed that runs them; a definition of Argo's has over
# 500 kB and takes the API server about a second.
set -euo pipefail
out=$1 part=$2
export GOTOOLCHAIN=local GOFLAGS=-mod=mod
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
dir() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }
argo() {
  local from kind
  from=$(dir github.com/argoproj/argo-rollouts@v1.10.0)/manifests/crds
  for kind; do cp "$from/$kind-crd.yaml" "$out/argo-$kind.yaml"; done
}
gateway() {
  local from kind
  from=$(dir sigs.k8s.io/gateway-api@v1.6.1)/config/crd/standard
  for kind; do cp "$from/gateway.networking.k8s.io_$kind.yaml" "$out/gateway-$kind.yaml"; done
}
case $part in
  crds)
    argo rollout analysis-run analysis-template
    gateway gatewayclasses gateways httproutes
    cp "$(dir github.com/fluxcd/flagger@v1.36.1)/artifacts/flagger/crd.yaml" "$out/flagger.yaml"
    # of Istio's one file, the three kinds that route traffic
    istio=$(dir istio.io/api@v1.30.3)/kubernetes/customresourcedefinitions.gen.yaml
    awk -v out="$out" 'BEGIN { RS = "---\n" }
      match($0, /\n  name: (virtualservices|destinationrules|gateways)\.networking\.istio\.io/) {
        name = substr($0, RSTART + 9, RLENGTH - 9); printf "%s", $0 > (out "/istio-" name ".yaml")
      }' "$istio"
    want=10
    ;;
  crds-more)
    argo cluster-analysis-template experiment
    gateway grpcroutes referencegrants backendtlspolicies
    cp "$(dir github.com/traefik/traefik/v3@v3.6.12)/docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml" \
      "$out/traefik.yaml"
    want=6
    ;;
esac
chmod u+w "$out"/*.yaml
[ "$(find "$out" -name '*.yaml' | wc -l)" = "$want" ]
