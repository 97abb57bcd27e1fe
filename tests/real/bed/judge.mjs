// judge.mjs PORT PRISM LOG: stands before Prism and writes down what it holds of every request.
//
// One line per request in LOG: {"method", "path", "accept", "status", "violations": [...]}. Violations are those of the
// request only: GitHub's own examples break GitHub's own schema here and there. Prism answers only to plain JSON, so
// the media type is replaced; redirects (logs) are pointed back here.
import { createServer, request as send } from "node:http";
import { appendFileSync } from "node:fs";

const [port, prism, log] = process.argv.slice(2);

// Where the operation documents an answer for wrong requests, Prism gives that and names the reason in a header; where
// it documents none, Prism answers with a problem of its own.
function judged(answer, body) {
  try {
    const found = JSON.parse(answer.headers["sl-violations"] ?? "[]").filter(({ location }) => location[0] === "request");
    if (found.length > 0 || answer.statusCode < 400 || body.length === 0) return found;
    const problem = JSON.parse(body.toString());
    if (!problem.type?.startsWith("https://stoplight.io/prism/errors#")) return found;
    return problem.validation ?? [{ message: `${problem.title}: ${problem.detail}` }];
  } catch (error) {
    return [{ message: `unreadable answer: ${error}` }];
  }
}

createServer((asked, answered) => {
  if (asked.url === "/bed/log") {
    answered.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    answered.end("2026-01-01T00:00:00.0000000Z hello from the job\n2026-01-01T00:00:01.0000000Z ##[error]it failed\n");
    return;
  }
  const headers = { ...asked.headers, accept: "application/json" };
  const upstream = send(new URL(asked.url, prism), { method: asked.method, headers }, async (answer) => {
    const chunks = [];
    for await (const chunk of answer) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method, url: path } = asked;
    const line = { method, path, accept: asked.headers.accept, status: answer.statusCode, violations: judged(answer, body) };
    appendFileSync(log, `${JSON.stringify(line)}\n`);
    const back = { ...answer.headers };
    if (back.location) back.location = `http://127.0.0.1:${port}/bed/log`;
    answered.writeHead(answer.statusCode, back).end(body);
  });
  upstream.on("error", (error) => answered.writeHead(502).end(`${error}\n`));
  asked.pipe(upstream);
}).listen(Number(port), "127.0.0.1");
