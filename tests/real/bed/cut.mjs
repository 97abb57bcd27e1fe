// cut.mjs PORT CONTROL API-URL PKI: a proxy before the API server that loses what a test wants lost.
//
// On PORT it speaks TLS with the API server's own certificate and passes everything on (token users only: client
// certificates end here). On CONTROL, plain HTTP:
// POST /rule  {"method": "PATCH", "path": "/deployments/", "but": "dryRun", "fate": F, "times": 1}: the fate of the next
//             requests whose method is that and whose path contains that, and not the word of "but". F, and whether the
//             request takes effect:
//   cut-before  closed without an answer, no                cut-after  closed without an answer, yes
//   half        an answer cut in the middle, yes            hang       never answered, yes
//   503         answered 503, no                            504-after  answered 504, yes
// POST /cut   closes all open connections, watches too
// GET  /met   what the rules have met: [{"method", "path", "fate"}]
import { createServer as createHttp } from "node:http";
import { createServer as createHttps, request as send } from "node:https";
import { readFileSync } from "node:fs";

const [port, control, api, pki] = process.argv.slice(2);
const ca = readFileSync(`${pki}/ca.crt`);
const rules = [];
const met = [];
const open = new Set();

function fateOf({ method, url }) {
  const rule = rules.find((rule) => rule.times > 0 && rule.method === method && url.includes(rule.path) && !(rule.but && url.includes(rule.but)));
  if (!rule) return "pass";
  rule.times--;
  met.push({ method, path: url, fate: rule.fate });
  return rule.fate;
}

function status(answered, code) {
  answered.writeHead(code, { "content-type": "text/plain" }).end("a gateway says this, not the API server\n");
}

const proxy = createHttps({ key: readFileSync(`${pki}/apiserver.key`), cert: readFileSync(`${pki}/apiserver.crt`) }, (asked, answered) => {
  const fate = fateOf(asked);
  const cut = () => asked.socket.destroy();
  if (fate === "cut-before") return cut();
  if (fate === "503") return status(answered, 503);
  const upstream = send(new URL(asked.url, api), { method: asked.method, headers: asked.headers, ca }, async (answer) => {
    if (fate === "pass") {
      answered.writeHead(answer.statusCode, answer.headers);
      answered.flushHeaders();
      answer.on("error", cut);
      answer.pipe(answered);
      return;
    }
    const chunks = [];
    for await (const chunk of answer) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (fate === "cut-after") cut();
    if (fate === "504-after") status(answered, 504);
    if (fate === "half") {
      answered.writeHead(answer.statusCode, { ...answer.headers, "content-length": String(body.length) });
      answered.write(body.subarray(0, body.length >> 1), cut);
    }
  });
  upstream.on("error", cut);
  answered.on("close", () => upstream.destroy());
  asked.pipe(upstream);
});
proxy.on("connection", (socket) => {
  open.add(socket);
  socket.on("close", () => open.delete(socket));
});
proxy.listen(Number(port), "127.0.0.1");

createHttp(async (asked, answered) => {
  let text = "";
  for await (const chunk of asked) text += chunk;
  if (asked.method === "POST" && asked.url === "/rule") rules.push({ times: 1, ...JSON.parse(text) });
  else if (asked.method === "POST" && asked.url === "/cut") for (const socket of open) socket.destroy();
  else if (asked.method === "GET" && asked.url === "/met") return answered.end(JSON.stringify(met));
  else return answered.writeHead(404).end("see the head of cut.mjs\n");
  answered.writeHead(204).end();
}).listen(Number(control), "127.0.0.1");
