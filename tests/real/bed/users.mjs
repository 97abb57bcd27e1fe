// users.mjs CONTROL ENTRY: people who use what the bed serves; steady requests to 127.0.0.1:ENTRY, whatever comes back.
//
// POST /set        {"<host>": 50, ...}: requests a second to that host; 0 ends them
// GET  /seen/HOST  ?last=SECONDS (10): what came of the requests that were sent in the last whole seconds, or of all
//                  with ?last=0: {"sent", "codes": {"200": n}, "tags": {"v1": n}, "pods": {"<namespace> <pod>": n}};
//                  a request without an answer has code "0"
import { Agent, createServer, get } from "node:http";

const [control, entry] = process.argv.slice(2).map(Number);
const hosts = new Map();
const agent = new Agent({ keepAlive: true, maxSockets: 128 });
const second = () => Math.floor(performance.now() / 1000);

function ask(name, host) {
  const at = second();
  const note = (code, text) => {
    const [namespace, pod, tag] = code === 200 || code === 500 ? text.trim().split(" ") : [];
    host.seen.push({ at, code, pod: tag && `${namespace} ${pod}`, tag });
    if (host.seen.length > 200_000) host.seen.splice(0, 100_000);
  };
  const request = get({ host: "127.0.0.1", port: entry, path: "/", agent, timeout: 5000, headers: { host: name } }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (part) => (text += part));
    answer.on("end", () => note(answer.statusCode, text)).on("error", () => note(0, ""));
  });
  request.on("timeout", () => request.destroy(new Error("too late"))).on("error", () => note(0, ""));
}

setInterval(() => {
  const now = performance.now();
  for (const [name, host] of hosts) {
    // at most one second is made up for: users of a machine that stood still do not come all at once
    host.due = Math.min(host.due + ((now - host.at) * host.rate) / 1000, Math.max(host.rate, 1));
    host.at = now;
    for (; host.due >= 1; host.due--) ask(name, host);
  }
}, 5);

function seen(host, last) {
  const now = second();
  const out = { sent: 0, codes: {}, tags: {}, pods: {} };
  for (const { at, code, pod, tag } of host.seen) {
    if (last > 0 && (at >= now || at < now - last)) continue;
    out.sent++;
    for (const [where, what] of [["codes", code], ["tags", tag], ["pods", pod]]) {
      if (what !== undefined) out[where][what] = (out[where][what] ?? 0) + 1;
    }
  }
  return out;
}

createServer(async (asked, answered) => {
  const { pathname, searchParams } = new URL(asked.url, "http://users");
  if (asked.method === "POST" && pathname === "/set") {
    let text = "";
    for await (const part of asked) text += part;
    for (const [name, rate] of Object.entries(JSON.parse(text))) {
      const old = hosts.get(name) ?? { seen: [], due: 0 };
      hosts.set(name, Object.assign(old, { rate, at: performance.now() }));
    }
    return answered.writeHead(204).end();
  }
  const host = hosts.get(pathname.replace("/seen/", ""));
  if (asked.method !== "GET" || !host) return answered.writeHead(404).end("see the head of users.mjs\n");
  answered.end(JSON.stringify(seen(host, Number(searchParams.get("last") ?? 10))));
}).listen(control, "127.0.0.1");
