#!/usr/bin/env bash
# up.sh DIR [--while PID]: starts one bed in DIR and returns when all of it answers; down.sh stops it.
#
#   a Kubernetes control plane without containers: etcd, kube-apiserver (audit on), controller-manager, scheduler, and
#     kwok with three fake nodes, whose pods behave by image tag (bed/stages.sh); kinds of Argo Rollouts, Flagger, Istio
#     and the Gateway API are defined, their controllers do not run
#   prometheus, scraping an exporter that a test steers (bed/exporter.mjs)
#   a proxy before the API server that loses requests and answers on demand (bed/cut.mjs), for kubeconfig alice-cut
#   prism with GitHub's own API description, behind a judge that writes down every violation (bed/judge.mjs)
#
# With --while the bed goes away with process PID. DIR/bed.json says where everything is. Everything listens on free
# ports of 127.0.0.1. `sh DIR/run/PART.sh` starts a part again that a test has killed (its pid is in DIR/run/PART.pid).
# Exit 3: programs are missing (build.sh makes them).
set -euo pipefail
# shellcheck source=tests/real/cache.sh
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/cache.sh"
dir=${1:?folder of the bed}
watched=
[ "${2:-}" != --while ] || watched=${3:?process id}

missing=()
# shellcheck disable=SC2154 # set in cache.sh
for part in $real_parts; do [ -d "$(part_dir "$part")" ] || missing+=("$part"); done
for tool in curl openssl node gh; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ ${#missing[@]} -gt 0 ]; then
  echo "up: missing ${missing[*]}: run tests/real/build.sh" >&2
  exit 3
fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
[ ! -e "$dir/run" ] || { echo "up: there is a bed in $dir already" >&2; exit 1; }
kube=$(part_dir kube) etcd=$(part_dir etcd) kwok=$(part_dir kwok) crds=$(part_dir crds)
prometheus=$(part_dir prometheus) prism=$(part_dir prism)
# shellcheck disable=SC2154
bed=$real_here/bed
mkdir -p "$dir"/{pki,log,run,kubeconfig,etcd,prometheus}
chmod 700 "$dir" "$dir/pki" "$dir/kubeconfig"
began=$(date +%s%N)
say() { printf '%6s ms  %s\n' $((($(date +%s%N) - began) / 1000000)) "$*"; }
finished=
trap '[ -n "$finished" ] || { echo "up: failed, logs are in $dir/log" >&2; bash "$real_here/down.sh" "$dir"; }' EXIT

# Below the range of ports that outgoing connections take, so that a killed part finds its port free again.
read -r base < <(node -e '
  const { createServer } = require("node:net"), count = 12;
  const free = (port) => new Promise((is) => {
    const server = createServer().once("error", () => is(false));
    server.listen(port, "127.0.0.1", () => server.close(() => is(true)));
  });
  (async () => {
    for (let tries = 0; tries < 200; tries++) {
      const base = 20000 + count * Math.floor(Math.random() * 1000);
      const all = await Promise.all(Array.from({ length: count }, (_, i) => free(base + i)));
      if (all.every(Boolean)) return console.log(base);
    }
    process.exit(1);
  })()')
api=https://127.0.0.1:$base
etcd_client=http://127.0.0.1:$((base + 1)) etcd_peer=http://127.0.0.1:$((base + 2))
prometheus_url=http://127.0.0.1:$((base + 6)) exporter_url=http://127.0.0.1:$((base + 7))
cut=https://127.0.0.1:$((base + 10)) cut_url=http://127.0.0.1:$((base + 11))
prism_url=http://127.0.0.1:$((base + 8)) github_url=http://127.0.0.1:$((base + 9))

# part NAME PROGRAM ARGS...: writes run/NAME.sh, which starts the part and leaves its pid, and runs it
part() {
  local name=$1
  shift
  {
    printf '#!/bin/sh\nsetsid nohup'
    printf ' %q' "$@"
    printf ' >>%q 2>&1 </dev/null &\necho $! >%q\n' "$dir/log/$name.log" "$dir/run/$name.pid"
  } >"$dir/run/$name.sh"
  sh "$dir/run/$name.sh"
}

# until_true WHAT PARTS COMMAND...: waits up to a minute; a part that died ends it at once
until_true() {
  local what=$1 parts=$2 name
  shift 2
  for _ in $(seq 600); do
    if "$@" >/dev/null 2>&1; then say "$what"; return; fi
    for name in $parts; do
      kill -0 "$(cat "$dir/run/$name.pid")" 2>/dev/null || { echo "up: $name died" >&2; tail -n 5 "$dir/log/$name.log" >&2; exit 4; }
    done
    sleep 0.1
  done
  echo "up: waited a minute for: $what" >&2
  exit 4
}

# ------------------------------------------------------------------------------------- metrics and GitHub's description
part etcd "$etcd/etcd" --name=bed --data-dir="$dir/etcd" --log-level=warn --unsafe-no-fsync \
  --listen-client-urls="$etcd_client" --advertise-client-urls="$etcd_client" \
  --listen-peer-urls="$etcd_peer" --initial-advertise-peer-urls="$etcd_peer" --initial-cluster="bed=$etcd_peer"
sed "s/@EXPORTER@/$((base + 7))/" "$bed/prometheus.yml" >"$dir/prometheus.yml"
part exporter node "$bed/exporter.mjs" $((base + 7)) "$dir/"
part prometheus "$prometheus/prometheus" --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/prometheus" \
  --storage.tsdb.retention.time=6h --web.listen-address="${prometheus_url#http://}" --log.level=warn
part prism node "$prism/node_modules/@stoplight/prism-cli/dist/index.js" mock -h 127.0.0.1 -p $((base + 8)) \
  --verboseLevel warn "$prism/github.json"
part judge node "$bed/judge.mjs" $((base + 9)) "$prism_url" "$dir/log/github.jsonl"
: >"$dir/log/github.jsonl"

# -------------------------------------------------------------------------------------------------- keys and people
cd "$dir/pki"
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
key ca
openssl req -x509 -new -key ca.key -days 30 -subj /CN=bed-ca -out ca.crt
# certificate NAME SUBJECT
certificate() {
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAserial ca.srl -CAcreateserial -days 30 -out "$1.crt" -extfile <(
    printf 'extendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc\n'
  ) 2>/dev/null
}
certificate apiserver /CN=kube-apiserver
certificate admin /O=system:masters/CN=admin
certificate controller-manager /CN=system:kube-controller-manager
certificate scheduler /CN=system:kube-scheduler
certificate kwok /O=system:masters/CN=kwok
key sa
openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
ca64=$(base64 -w0 <ca.crt)
# kubeconfig WHO USER [SERVER]
kubeconfig() {
  (umask 077 && cat >"$dir/kubeconfig/$1") <<K
apiVersion: v1
kind: Config
current-context: bed
clusters:
- {name: bed, cluster: {server: "${3:-$api}", certificate-authority-data: $ca64}}
contexts:
- {name: bed, context: {cluster: bed, user: $1, namespace: default}}
users:
- {name: $1, user: {$2}}
K
}
for who in admin controller-manager scheduler kwok; do
  kubeconfig "$who" "client-certificate-data: $(base64 -w0 <"$who.crt"), client-key-data: $(base64 -w0 <"$who.key")"
done
# token, name, uid, groups: a release manager, a signer, a signer who approves, the person on call, a reader, a stranger
cat >tokens.csv <<T
alice-token,alice,u-alice,"release-managers"
bob-token,bob,u-bob,"signers"
carol-token,carol,u-carol,"signers,approvers"
oncall-token,oncall,u-oncall,"oncall,gonogo:break-glass"
reader-token,reader,u-reader,"viewers"
mallory-token,mallory,u-mallory,"nobody-in-particular"
T
while IFS=, read -r token who _; do kubeconfig "$who" "token: $token"; done <tokens.csv
kubeconfig alice-cut 'token: alice-token' "$cut"

# ---------------------------------------------------------------------------------------------------- control plane
part apiserver "$kube/kube-apiserver" \
  --bind-address=127.0.0.1 --secure-port="$base" --etcd-servers="$etcd_client" \
  --tls-cert-file="$dir/pki/apiserver.crt" --tls-private-key-file="$dir/pki/apiserver.key" \
  --client-ca-file="$dir/pki/ca.crt" --token-auth-file="$dir/pki/tokens.csv" \
  --service-account-issuer="$api" --service-account-key-file="$dir/pki/sa.pub" \
  --service-account-signing-key-file="$dir/pki/sa.key" \
  --kubelet-client-certificate="$dir/pki/admin.crt" --kubelet-client-key="$dir/pki/admin.key" \
  --kubelet-certificate-authority="$dir/pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
  --service-cluster-ip-range=10.96.0.0/16 --endpoint-reconciler-type=none --profiling=false \
  --audit-policy-file="$bed/audit-policy.yaml" --audit-log-path="$dir/log/audit.jsonl" --audit-log-mode=blocking
until_true "etcd and the API server are ready" "etcd apiserver" \
  curl -sf --cacert ca.crt --cert admin.crt --key admin.key "$api/readyz"
part cut node "$bed/cut.mjs" $((base + 10)) $((base + 11)) "$api" "$dir/pki"

# Without the long grace period fake nodes that send no heartbeat would turn all their pods unready for good.
as() { echo "--kubeconfig=$dir/kubeconfig/$1 --authentication-kubeconfig=$dir/kubeconfig/$1 --authorization-kubeconfig=$dir/kubeconfig/$1"; }
# shellcheck disable=SC2046 # lists of flags
{
  part controller-manager "$kube/kube-controller-manager" $(as controller-manager) --bind-address=127.0.0.1 \
    --secure-port=$((base + 3)) --service-account-private-key-file="$dir/pki/sa.key" --root-ca-file="$dir/pki/ca.crt" \
    --use-service-account-credentials=true --leader-elect=false --profiling=false --kube-api-qps=500 --kube-api-burst=1000 \
    --concurrent-deployment-syncs=20 --concurrent-replicaset-syncs=20 --endpointslice-updates-batch-period=0s \
    --node-monitor-grace-period=8760h
  part scheduler "$kube/kube-scheduler" $(as scheduler) --bind-address=127.0.0.1 --secure-port=$((base + 4)) \
    --leader-elect=false --profiling=false --kube-api-qps=500 --kube-api-burst=1000
}
echo '2026-01-01T00:00:00.000000000Z stdout F hello from a fake pod' >"$dir/log/fake-pod.log"
bash "$bed/stages.sh" "$dir/log/fake-pod.log" >"$dir/stages.yaml"
part kwok "$kwok/kwok" --kubeconfig="$dir/kubeconfig/kwok" --manage-all-nodes=true --config="$dir/stages.yaml" \
  --node-ip=127.0.0.1 --node-port=$((base + 5)) --server-address=127.0.0.1:$((base + 5)) --cidr=10.64.0.0/16 \
  --tls-cert-file="$dir/pki/kwok.crt" --tls-private-key-file="$dir/pki/kwok.key"
# discovery is cached by host and port, and another bed may have had this port
export KUBECONFIG=$dir/kubeconfig/admin KUBECACHEDIR=$dir/kubecache
kubectl() { "$kube/kubectl" "$@"; }
# created, not applied: client-side validation takes several times as long
{
  kubectl create --validate=false -f "$bed/world.yaml" -f "$crds"
  kubectl wait --for=condition=Established --timeout=60s -f "$crds"
  kubectl wait --for=condition=Ready --timeout=60s nodes --all
} >"$dir/log/world.log"
say "$(grep -c 'condition met' "$dir/log/world.log") definitions and nodes are ready"
until_true "the namespace default has its account" "controller-manager" kubectl get serviceaccount default

# --------------------------------------------------------------------------------------------------------- the rest
scraped() { curl -sf "$prometheus_url/api/v1/query?query=bed_exporter_up" | grep -q '"value":\['; }
until_true "Prometheus has scraped the exporter" "exporter prometheus" scraped
until_true "the proxy answers" "cut" curl -sf "$cut_url/met"
until_true "Prism answers" "prism judge" curl -sf "$github_url/rate_limit"
: >"$dir/log/github.jsonl"

# shellcheck disable=SC2016 # the dollar signs are JavaScript's
DIR=$dir API=$api KUBE=$kube PROMETHEUS=$prometheus PROMETHEUS_URL=$prometheus_url EXPORTER_URL=$exporter_url CUT_URL=$cut_url \
  GITHUB_URL=$github_url PRISM=$prism node >"$dir/bed.json.new" -e '
  const { readdirSync } = require("node:fs"), e = process.env, dir = e.DIR;
  const named = (folder, suffix) => readdirSync(`${dir}/${folder}`).filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, name.length - suffix.length));
  console.log(JSON.stringify({
    dir,
    api: { url: e.API, ca: `${dir}/pki/ca.crt`, audit: `${dir}/log/audit.jsonl`, fake_pod_log: `${dir}/log/fake-pod.log` },
    kubeconfig: Object.fromEntries(named("kubeconfig", "").map((who) => [who, `${dir}/kubeconfig/${who}`])),
    cut: { url: e.CUT_URL },
    prometheus: { url: e.PROMETHEUS_URL },
    exporter: { url: e.EXPORTER_URL },
    github: { url: e.GITHUB_URL, judged: `${dir}/log/github.jsonl`, description: `${e.PRISM}/github.json` },
    programs: { kubectl: `${e.KUBE}/kubectl`, promtool: `${e.PROMETHEUS}/promtool` },
    parts: Object.fromEntries(named("run", ".sh").map((part) => [part, { start: `${dir}/run/${part}.sh`, pid: `${dir}/run/${part}.pid`, log: `${dir}/log/${part}.log` }])),
  }, null, 1));'
mv "$dir/bed.json.new" "$dir/bed.json"
if [ -n "$watched" ]; then
  # shellcheck disable=SC2016 # the words are given to the inner shell
  setsid nohup bash -c 'tail --pid="$1" -f /dev/null; exec bash "$2" "$3" --purge' - "$watched" "$real_here/down.sh" "$dir" \
    >/dev/null 2>&1 </dev/null &
fi
finished=yes
say "ready: $dir/bed.json"
