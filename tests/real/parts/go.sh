#!/usr/bin/env bash
# go.sh OUT kube|etcd|kwok: builds one program from its module folder go/NAME.
# `kube` is apiserver, controller-manager, scheduler and kubectl in one; it goes by the name it is called by.
set -euo pipefail
out=$1 name=$2
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
cd "$(dirname "${BASH_SOURCE[0]}")/go/$name"
flags='-s -w'
case $name in
  kube)
    # controllers that check the server's version refuse one that has none
    version=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' go.mod)
    minor=${version#v1.} v=k8s.io/component-base/version
    flags+=" -X $v.gitVersion=$version -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*}"
    package=./
    for as in kube-apiserver kube-controller-manager kube-scheduler kubectl; do ln -s kube "$out/$as"; done
    ;;
  etcd) package=go.etcd.io/etcd/server/v3 ;;
  kwok) package=sigs.k8s.io/kwok/cmd/kwok ;;
esac
go build -trimpath -ldflags "$flags" -o "$out/$name" "$package"
