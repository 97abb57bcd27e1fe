#!/usr/bin/env bash
# stages.sh LOGFILE: prints what kwok is to do with fake nodes and pods.
# A pod behaves by the end of its image tag (a digest may follow), or by annotation bed.gonogo.dev/pod on the pod:
#   -crash  CrashLoopBackOff, one restart more every 2 s      -never  runs, never ready
#   -pull   ImagePullBackOff                                  -slow   ready after 10 s
#   anything else: ready at once. Pods of Jobs complete. `kubectl logs` shows LOGFILE.
set -euo pipefail
log=${1:?file that kubectl logs shows}
kind='(.metadata.annotations["bed.gonogo.dev/pod"] // ([.spec.containers[].image | capture("-(?<b>crash|pull|never|slow)(@sha256:[0-9a-f]+)?$").b] | first) // "ok")'

# stage NAME KIND FROM-PHASE DELAY_MS PHASE READY RESTARTS STATE [MORE-SELECTORS]
stage() {
  local ready=false
  [ "$6" = True ] && ready=true
  cat <<Y
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: $1}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: '.metadata.deletionTimestamp', operator: DoesNotExist}
    - {key: '.status.phase', operator: In, values: [$3]}
    - {key: '$kind', operator: In, values: [$2]}
${9:-}
  delay: {durationMilliseconds: $4}
  next:
    patches:
    - subresource: status
      root: status
      type: strategic
      template: |
        {{ \$at := Now }}
        {{ \$runs := 0 }}{{ range (or .status.containerStatuses list) }}{{ \$runs = .restartCount }}{{ end }}
        phase: $5
        startTime: {{ \$at | Quote }}
        conditions:
        - {type: Initialized, status: "True", lastTransitionTime: {{ \$at | Quote }}}
        {{ range (list "Ready" "ContainersReady") }}
        - {type: {{ . }}, status: "$6", lastTransitionTime: {{ \$at | Quote }}$([ $ready = true ] || echo ', reason: ContainersNotReady')}
        {{ end }}
        containerStatuses:
        {{ range .spec.containers }}
        - name: {{ .name | Quote }}
          image: {{ .image | Quote }}
          imageID: $([ "$2" = pull ] && echo '""' || echo '{{ printf "fake://%s" (regexFind "sha256:[0-9a-f]{64}" .image | default (printf "sha256:%s" (sha256sum .image))) | Quote }}')
          ready: $ready
          started: $([ "$2" = never ] && echo true || echo $ready)
          restartCount: $7
          state: $8
        {{ end }}
        {{ if not .status.podIP }}
        hostIP: {{ NodeIP | Quote }}
        podIP: {{ PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace | Quote }}
        {{ end }}
Y
}
# shellcheck disable=SC2016 # the dollar signs are kwok's
{
  run='{running: {startedAt: {{ $at | Quote }}}}'
  crash='{waiting: {reason: CrashLoopBackOff, message: {{ printf "back-off restarting failed container=%s" .name | Quote }}}}
          lastState: {terminated: {exitCode: 1, reason: Error, startedAt: {{ $at | Quote }}, finishedAt: {{ $at | Quote }}}}'
  pull='{waiting: {reason: ImagePullBackOff, message: {{ printf "Back-off pulling image %s" .image | Quote }}}}'
  done='{terminated: {exitCode: 0, reason: Completed, startedAt: {{ $at | Quote }}, finishedAt: {{ $at | Quote }}}, running: null}'
  again='{{ add $runs 1 }}'
}
once="    - {key: '.status.containerStatuses.[].name', operator: DoesNotExist}"
job="    - {key: '.metadata.ownerReferences.[].kind', operator: In, values: [Job]}"
stage pod-ok          ok    Pending 0    Running   True  0        "$run"
stage pod-slow        slow  Pending 10000 Running   True  0        "$run"
stage pod-never       never Pending 0    Running   False 0        "$run"
stage pod-pull        pull  Pending 0    Pending   False 0        "$pull" "$once"
stage pod-crash       crash Pending 200  Running   False 1        "$crash"
stage pod-crash-again crash Running 2000 Running   False "$again" "$crash"
stage pod-done        ok    Running 100  Succeeded False 0        "$done" "$job"
cat <<Y
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-gone}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector: {matchExpressions: [{key: '.metadata.deletionTimestamp', operator: Exists}]}
  next: {delete: true}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: node-ready}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector:
    matchExpressions: [{key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ['True']}]
  next:
    patches:
    - subresource: status
      root: status
      type: strategic
      template: |
        conditions: [{type: Ready, status: "True", reason: Fake, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}]
        addresses: [{type: InternalIP, address: {{ NodeIP | Quote }}}, {type: Hostname, address: {{ NodeName | Quote }}}]
        daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
        phase: Running
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {name: all}
spec: {selector: {}, logs: [{logsFile: '$log'}]}
Y
