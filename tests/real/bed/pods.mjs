// pods.mjs PORT METRICS API-URL PKI: answers HTTP on PORT for every fake pod at once.
//
// In the bed's network namespace all pod addresses are local, so one listener gets every connection and knows by its
// local address which pod was meant. The pod's image tag says how it answers: `…-err20` every fifth request with 500,
// `…-ms80` after 80 ms, `…-slow` after 300 ms. An address that no pod has closes the connection.
// GET anything on PORT      "<namespace> <pod> <tag>"
// GET /metrics on METRICS   what the pods would export themselves, as http_requests_total{namespace,service,pod,code}
//                           and its histogram; `service` is the pod's label app
import { createServer } from "node:http";
import { get } from "node:https";
import { readFileSync } from "node:fs";
import { Exposition } from "./exposition.mjs";

const [port, metrics, api, pki] = process.argv.slice(2);
const [ca, cert, key] = ["ca.crt", "admin.crt", "admin.key"].map((file) => readFileSync(`${pki}/${file}`));
const pods = new Map(); // by address
const served = new Map(); // by namespace and name

function put({ type, object }) {
  const ip = object.status?.podIP;
  if (!ip) return;
  const { name, namespace, labels, deletionTimestamp } = object.metadata;
  if (type === "DELETED" || deletionTimestamp) {
    // another pod may have this address by now
    if (pods.get(ip)?.name === name) pods.delete(ip);
    return;
  }
  const tag = object.spec.containers[0].image.split("@")[0].split(":").pop();
  const number = (word) => Number(tag.match(new RegExp(`-${word}(\\d+)`))?.[1] ?? 0);
  const known = pods.get(ip);
  if (known?.name === name && known.namespace === namespace) return;
  pods.set(ip, { namespace, name, tag, service: labels?.app ?? name, errors: number("err") / 100, ms: number("ms") || (tag.endsWith("-slow") ? 300 : 0), debt: 0 });
}

// One request to the API server; every line of the answer goes to `take`.
function lines(path, take) {
  return new Promise((done) => {
    const request = get(new URL(path, api), { ca, cert, key, headers: { "user-agent": "bed-pods" } }, (answer) => {
      let rest = "";
      answer.setEncoding("utf8");
      answer.on("data", (text) => {
        const parts = (rest + text).split("\n");
        rest = parts.pop();
        parts.forEach(take);
      });
      answer.on("end", () => {
        if (rest) take(rest);
        done();
      });
      answer.on("error", () => done());
    });
    request.on("error", () => done());
  });
}

async function follow() {
  for (;;) {
    let text = "";
    await lines("/api/v1/pods", (line) => (text += line));
    try {
      const list = JSON.parse(text);
      pods.clear();
      for (const object of list.items) put({ type: "ADDED", object });
      await lines(`/api/v1/pods?watch=1&resourceVersion=${list.metadata.resourceVersion}`, (line) => {
        const event = JSON.parse(line);
        if (event.type !== "ERROR") put(event);
      });
    } catch (error) {
      console.log(String(error), text.slice(0, 200));
    }
    await new Promise((again) => setTimeout(again, 200));
  }
}

function count(pod, code, ms) {
  const id = `${pod.namespace}/${pod.name}`;
  if (!served.has(id)) served.set(id, { labels: { namespace: pod.namespace, service: pod.service, pod: pod.name }, ms: ms || 1, ok: 0, bad: 0 });
  served.get(id)[code === 200 ? "ok" : "bad"]++;
}

createServer((asked, answered) => {
  const pod = pods.get(asked.socket.localAddress);
  if (!pod) return asked.socket.destroy();
  pod.debt += pod.errors;
  const code = pod.debt >= 1 - 1e-9 ? 500 : 200;
  if (code === 500) pod.debt -= 1;
  count(pod, code, pod.ms);
  const answer = () => {
    answered.writeHead(code, { "content-type": "text/plain" });
    answered.end(`${pod.namespace} ${pod.name} ${pod.tag}\n`);
  };
  if (pod.ms) setTimeout(answer, pod.ms);
  else answer();
}).listen(Number(port), "0.0.0.0");

createServer((_, answered) => {
  const out = new Exposition();
  out.sample("bed_pods_up", "gauge", "", {}, 1);
  for (const { labels, ms, ok, bad } of served.values()) {
    out.sample("http_requests_total", "counter", "", { ...labels, code: "200" }, ok);
    out.sample("http_requests_total", "counter", "", { ...labels, code: "500" }, bad);
    out.histogram("http_request_duration_seconds", labels, 1000, ms, ok + bad, ((ok + bad) * ms) / 1000);
  }
  answered.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(out.toString());
}).listen(Number(metrics), "127.0.0.1");
follow();
