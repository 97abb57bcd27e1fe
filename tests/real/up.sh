#!/usr/bin/env bash
# up.sh DIR [--while PID] [--delivery]: starts one bed in DIR and returns when all of it answers; down.sh stops it.
#
#   a Kubernetes control plane without containers: etcd, kube-apiserver (audit on), controller-manager, scheduler, and
#     kwok with three fake nodes, whose pods behave by image tag (bed/stages.sh); kinds of Argo Rollouts, Flagger, Istio
#     and the Gateway API are defined, their controllers do not run
#   prometheus, scraping an exporter that a test steers (bed/exporter.mjs)
#   a proxy before the API server that loses requests and answers on demand (bed/cut.mjs), for kubeconfig alice-cut
#   prism with GitHub's own API description, behind a judge that writes down every violation (bed/judge.mjs)
#
# With --delivery the bed lies in a network namespace of its own, where every fake pod's address is local, and has more:
#
#   pods.mjs, which answers HTTP for every fake pod; users.mjs, who ask on the gateway's address, as a test says
#   the controllers of Argo Rollouts and Flagger, and Flagger's load tester, which keeps the gates
#   Traefik behind Gateway edge/edge, which routes of every namespace may use; Prometheus scrapes it and the pods
#
# What is to reach such a bed runs inside: the words of `enter` in bed.json, then the command. That takes root, or user
# namespaces. (Argo Rollouts and Flagger listen on every address; in there nobody else hears them.)
#
# With --while the bed goes away with process PID. DIR/bed.json says where everything is. Everything listens on free
# ports of 127.0.0.1. `sh DIR/run/PART.sh` starts a part again that a test has killed (its pid is in DIR/run/PART.pid).
# Exit 3: programs are missing (build.sh makes them), or namespaces cannot be made here.
set -euo pipefail
# shellcheck source=tests/real/cache.sh
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/cache.sh"
dir=${1:?folder of the bed}
watched='' delivery=''
shift
all=("$dir" "$@")
while [ $# -gt 0 ]; do
  case $1 in
    --while) watched=${2:?process id} && shift ;;
    --delivery) delivery=yes ;;
    *) echo "up: unknown option $1" >&2 && exit 2 ;;
  esac
  shift
done

missing=() tools='curl openssl node gh'
# shellcheck disable=SC2154 # set in cache.sh
parts=$real_parts
# shellcheck disable=SC2154
[ -z "$delivery" ] || parts+=" $real_delivery" tools+=' ip unshare nsenter'
for part in $parts; do [ -d "$(part_dir "$part")" ] || missing+=("$part"); done
for tool in $tools; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ ${#missing[@]} -gt 0 ]; then
  echo "up: missing ${missing[*]}: run tests/real/build.sh" >&2
  exit 3
fi
# goes on inside: as root in a network namespace, as anybody in one that belongs to a user namespace where he is root
if [ -n "$delivery" ] && [ -z "${BED_ENTER:-}" ]; then
  for kind in --net '--net --map-root-user'; do
    # shellcheck disable=SC2086 # words
    unshare $kind ip link set lo up 2>/dev/null || continue
    enter=--net
    [ "$kind" = --net ] || enter='--net --user --preserve-credentials'
    # shellcheck disable=SC2086
    BED_ENTER=$enter exec unshare $kind bash "${BASH_SOURCE[0]}" "${all[@]}"
  done
  echo "up: neither network nor user namespaces can be made here" >&2
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

# all that there is inside: loopback, an address for the API server, and those that kwok gives to pods
if [ -n "$delivery" ]; then
  ip link set lo up
  ip addr add 10.77.0.1/24 dev lo
  ip route add local 10.64.0.0/12 dev lo
fi

# Below the range of ports that outgoing connections take, so that a killed part finds its port free again.
read -r base < <(node -e '
  const { createServer } = require("node:net"), count = 24;
  const free = (port) => new Promise((is) => {
    const server = createServer().once("error", () => is(false));
    server.listen(port, "127.0.0.1", () => server.close(() => is(true)));
  });
  (async () => {
    for (let tries = 0; tries < 200; tries++) {
      const base = 20000 + count * Math.floor(Math.random() * 500);
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
# keeps the namespace while everything else in it is stopped
: >"$dir/namespace"
[ -z "$delivery" ] || part namespace tail -f "$dir/namespace"
part etcd "$etcd/etcd" --name=bed --data-dir="$dir/etcd" --log-level=warn --unsafe-no-fsync \
  --listen-client-urls="$etcd_client" --advertise-client-urls="$etcd_client" \
  --listen-peer-urls="$etcd_peer" --initial-advertise-peer-urls="$etcd_peer" --initial-cluster="bed=$etcd_peer"
{
  sed "s/@EXPORTER@/$((base + 7))/g" "$bed/prometheus.yml"
  [ -z "$delivery" ] || printf -- '- {job_name: %s, honor_labels: true, static_configs: [{targets: ["127.0.0.1:%s"]}]}\n' \
    pods $((base + 13)) traefik $((base + 12)) argo $((base + 16)) flagger $((base + 18))
} >"$dir/prometheus.yml"
part exporter node "$bed/exporter.mjs" $((base + 7)) "$dir/"
part prometheus "$prometheus/prometheus" --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/prometheus" \
  --enable-feature=native-histograms --storage.tsdb.retention.time=6h --web.listen-address="${prometheus_url#http://}" --log.level=warn
# by a name within the bed, by which down.sh knows its own
ln -sf "$prism/github.json" "$dir/github.json"
part prism node "$prism/node_modules/@stoplight/prism-cli/dist/index.js" mock -h 127.0.0.1 -p $((base + 8)) \
  --verboseLevel warn "$dir/github.json"
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
for who in argo flagger traefik; do [ -z "$delivery" ] || certificate $who /O=system:masters/CN=$who; done
for who in admin controller-manager scheduler kwok ${delivery:+argo flagger traefik}; do
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
# without a way out it finds no address of its own
part apiserver "$kube/kube-apiserver" ${delivery:+--advertise-address=10.77.0.1} \
  --bind-address=127.0.0.1 --secure-port="$base" --etcd-servers="$etcd_client" \
  --tls-cert-file="$dir/pki/apiserver.crt" --tls-private-key-file="$dir/pki/apiserver.key" \
  --client-ca-file="$dir/pki/ca.crt" --token-auth-file="$dir/pki/tokens.csv" \
  --service-account-issuer="$api" --service-account-key-file="$dir/pki/sa.pub" \
  --service-account-signing-key-file="$dir/pki/sa.key" \
  --kubelet-client-certificate="$dir/pki/admin.crt" --kubelet-client-key="$dir/pki/admin.key" \
  --kubelet-certificate-authority="$dir/pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
  --service-cluster-ip-range=10.96.0.0/16 --endpoint-reconciler-type=none --profiling=false \
  --audit-policy-file="$bed/audit-policy.yaml" --audit-log-path="$dir/log/audit.jsonl" --audit-log-mode=blocking \
  --audit-log-maxsize=4000
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
  kubectl create --validate=false -f "$bed/world.yaml" -f "$crds" ${delivery:+-f "$(part_dir crds-more)"}
  kubectl wait --for=condition=Established --timeout=60s -f "$crds"
  kubectl wait --for=condition=Ready --timeout=60s nodes --all
} >"$dir/log/world.log"
say "$(grep -c 'condition met' "$dir/log/world.log") definitions and nodes are ready"
# what tests ask again and again, without a program for each question; a socket is reached from outside of the namespace
part reader "$kube/kubectl" proxy --kubeconfig="$dir/kubeconfig/admin" --unix-socket="$dir/reader.sock"
until_true "the namespace default has its account" "controller-manager" kubectl get serviceaccount default

# ------------------------------------------------------------------------------------------------ delivery controllers
if [ -n "$delivery" ]; then
  argo=$(part_dir argo) flagger=$(part_dir flagger) traefik=$(part_dir traefik)
  web=$((base + 14)) traefik_url=http://127.0.0.1:$((base + 12)) users_url=http://127.0.0.1:$((base + 15))
  argo_url=http://127.0.0.1:$((base + 17)) flagger_url=http://127.0.0.1:$((base + 18)) gates_url=http://127.0.0.1:$((base + 19))
  kubectl wait --for=condition=Established --timeout=60s -f "$(part_dir crds-more)" >>"$dir/log/world.log"
  sed "s/@WEB@/$web/" "$bed/delivery.yaml" | kubectl create --validate=false -f - >>"$dir/log/world.log"
  part pods node "$bed/pods.mjs" 8080 $((base + 13)) "$api" "$dir/pki"
  part users node "$bed/users.mjs" $((base + 15)) "$web" "$dir/"
  part argo "$argo/rollouts-controller" --kubeconfig "$dir/kubeconfig/argo" --leader-elect=false --metricsPort $((base + 16)) \
    --healthzPort $((base + 17)) --loglevel warn --qps 200 --burst 400
  # its ticks are 10 s at least, whatever is asked
  part flagger "$flagger/flagger" -kubeconfig "$dir/kubeconfig/flagger" -port $((base + 18)) -metrics-server "$prometheus_url" \
    -mesh-provider istio -control-loop-interval 1s -log-level info
  ln -s "$flagger/loadtester" "$dir/run/loadtester"
  part gates "$dir/run/loadtester" -port $((base + 19)) -log-level warn
  sed "s/@WEB@/$web/; s/@METRICS@/$((base + 12))/" "$bed/traefik.yml" >"$dir/traefik.yml"
  part traefik env KUBECONFIG="$dir/kubeconfig/traefik" "$traefik/traefik" --configFile="$dir/traefik.yml"
  until_true "Argo Rollouts answers" argo curl -sf "$argo_url/healthz"
  until_true "Flagger answers" flagger curl -sf "$flagger_url/healthz"
  until_true "the gates answer" gates curl -sf "$gates_url/healthz"
  until_true "Traefik answers" traefik curl -sf "$traefik_url/ping"
  until_true "the gateway is programmed" traefik kubectl wait --for=condition=Programmed --timeout=5s -n edge gateway/edge
fi

# --------------------------------------------------------------------------------------------------------- the rest
scraped() { curl -sf "$prometheus_url/api/v1/query?query=bed_exporter_up" | grep -q '"value":\['; }
until_true "Prometheus has scraped the exporter" "exporter prometheus" scraped
until_true "the proxy answers" "cut" curl -sf "$cut_url/met"
until_true "the reader answers" "reader" curl -sf --unix-socket "$dir/reader.sock" http://localhost/version
until_true "Prism answers" "prism judge" curl -sf "$github_url/rate_limit"
: >"$dir/log/github.jsonl"

# shellcheck disable=SC2016 # the dollar signs are JavaScript's
DIR=$dir API=$api KUBE=$kube PROMETHEUS=$prometheus PROMETHEUS_URL=$prometheus_url EXPORTER_URL=$exporter_url CUT_URL=$cut_url \
  GITHUB_URL=$github_url PRISM=$prism DELIVERY=$delivery ENTER=${BED_ENTER:-} WEB=${web:-} USERS_URL=${users_url:-} \
  GATES_URL=${gates_url:-} ARGO=${argo:-} node >"$dir/bed.json.new" -e '
  const { readdirSync } = require("node:fs"), e = process.env, dir = e.DIR;
  const named = (folder, suffix) => readdirSync(`${dir}/${folder}`).filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, name.length - suffix.length));
  const pid = (part) => require("node:fs").readFileSync(`${dir}/run/${part}.pid`, "utf8").trim();
  const delivery = e.DELIVERY && {
    gateway: { namespace: "edge", name: "edge", port: Number(e.WEB), url: `http://127.0.0.1:${e.WEB}` },
    users: { url: e.USERS_URL }, gates: { url: e.GATES_URL }, argo: { plugin: `${e.ARGO}/kubectl-argo-rollouts` },
  };
  console.log(JSON.stringify({
    dir, ...delivery,
    enter: e.ENTER ? ["nsenter", "--target", pid("namespace"), ...e.ENTER.split(" "), "--"] : [],
    api: { url: e.API, ca: `${dir}/pki/ca.crt`, audit: `${dir}/log/audit.jsonl`, fake_pod_log: `${dir}/log/fake-pod.log` },
    kubeconfig: Object.fromEntries(named("kubeconfig", "").map((who) => [who, `${dir}/kubeconfig/${who}`])),
    cut: { url: e.CUT_URL },
    reader: `${dir}/reader.sock`,
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
