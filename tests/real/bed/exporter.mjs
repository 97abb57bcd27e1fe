// exporter.mjs PORT: request counters that grow at rates a test sets, scraped by the bed's Prometheus.
//
// GET  /metrics  the counters, under the names of plain HTTP services, of Istio, and of whatever families a test names
// GET  /native   native histograms, in the binary form
// POST /set      {"<arm>": {...}, ...}: sets or changes arms; null removes one, so that its series go stale
//   plain, istio  labels of the two families; a family without labels is not served
//   families      more of them: [{counter, histogram, unit, code, good, bad, labels}], unit in milliseconds
//   native        labels of a native histogram, http_request_duration_seconds
//   rps           requests a second; 0: the counters stand still
//   errors, ms    share of requests answered 500, and how long a request takes (all alike)
//   ok, bad       sets the counters themselves
//   nan           true: every sample is NaN
// POST /down     true or false: true answers scrapes with 503
import { createServer } from "node:http";
import { Exposition } from "./exposition.mjs";
import { family } from "./native.mjs";

const arms = new Map();
let down = false;

function tick() {
  const now = performance.now();
  for (const arm of arms.values()) {
    const requests = (arm.rps * (now - arm.at)) / 1000;
    arm.bad += requests * arm.errors;
    arm.ok += requests * (1 - arm.errors);
    arm.at = now;
  }
}

function metrics() {
  const out = new Exposition();
  out.sample("bed_exporter_up", "gauge", "", {}, 1);
  for (const arm of arms.values()) {
    const shown = (count) => (arm.nan ? NaN : Math.floor(count));
    const total = arm.ok + arm.bad;
    if (arm.plain) {
      out.sample("http_requests_total", "counter", "", { ...arm.plain, code: "200" }, shown(arm.ok));
      out.sample("http_requests_total", "counter", "", { ...arm.plain, code: "500" }, shown(arm.bad));
      out.histogram("http_request_duration_seconds", arm.plain, 1000, arm.ms, shown(total), arm.nan ? NaN : (total * arm.ms) / 1000);
    }
    if (arm.istio) {
      const labels = { reporter: "destination", ...arm.istio };
      out.sample("istio_requests_total", "counter", "", { ...labels, response_code: "200" }, shown(arm.ok));
      out.sample("istio_requests_total", "counter", "", { ...labels, response_code: "500" }, shown(arm.bad));
      out.histogram("istio_request_duration_milliseconds", labels, 1, arm.ms, shown(total), arm.nan ? NaN : total * arm.ms);
    }
    for (const { counter, histogram, unit, code, good, bad, labels } of arm.families ?? []) {
      out.sample(counter, "counter", "", { ...labels, [code]: good }, shown(arm.ok));
      out.sample(counter, "counter", "", { ...labels, [code]: bad }, shown(arm.bad));
      if (histogram) out.histogram(histogram, labels, unit, arm.ms, shown(total), arm.nan ? NaN : (total * arm.ms) / unit);
    }
  }
  return out.toString();
}

function native() {
  const series = [...arms.values()].filter((arm) => arm.native).flatMap((arm) => [
    { labels: { ...arm.native, code: "200" }, total: arm.ok, seconds: arm.ms / 1000 },
    { labels: { ...arm.native, code: "500" }, total: arm.bad, seconds: arm.ms / 1000 },
  ]);
  return family("http_request_duration_seconds", series);
}

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

createServer(async (request, response) => {
  tick();
  try {
    if (request.method === "GET" && request.url === "/metrics") {
      response.writeHead(down ? 503 : 200, { "content-type": "text/plain; version=0.0.4" });
      response.end(down ? "" : metrics());
    } else if (request.method === "GET" && request.url === "/native") {
      const kind = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
      response.writeHead(down ? 503 : 200, { "content-type": kind });
      response.end(down ? "" : native());
    } else if (request.method === "POST" && request.url === "/set") {
      for (const [name, change] of Object.entries(await body(request))) {
        const old = arms.get(name) ?? { rps: 0, errors: 0, ms: 40, ok: 0, bad: 0, at: performance.now() };
        if (change === null) arms.delete(name);
        else arms.set(name, { ...old, ...change });
      }
      response.writeHead(204).end();
    } else if (request.method === "POST" && request.url === "/down") {
      down = await body(request);
      response.writeHead(204).end();
    } else {
      response.writeHead(404).end("see the head of exporter.mjs\n");
    }
  } catch (error) {
    response.writeHead(400).end(`${error}\n`);
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
