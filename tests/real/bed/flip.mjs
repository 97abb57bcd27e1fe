// flip.mjs API CA TOKEN NAMESPACE SERVICE RATE SECONDS: tops up what a controller does to a Service's selector until it
// has changed RATE times a second for SECONDS. Counts the changes that a watch of the Service tells of; prints
// {"flips", "own", "seconds"} when there were RATE x SECONDS of them and SECONDS are over.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";

const [api, ca, token, namespace, service] = process.argv.slice(2, 7);
const [rate, seconds] = process.argv.slice(7).map(Number);
const services = `${api}/api/v1/namespaces/${namespace}/services`;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const authorization = `Bearer ${token}`;
const options = { agent, ca: readFileSync(ca), headers: { authorization, "content-type": "application/merge-patch+json" } };
// A patch that waits for its answer: so many at the same time, or each would stand before the others' changes.
const MOST = 4;
const began = performance.now();
let flips = 0, own = 0, open = 0, last;

function flip() {
  open += 1;
  own += 1;
  const over = () => (open -= 1);
  const asked = request(`${services}/${service}`, { ...options, method: "PATCH" }, (answer) => answer.resume().on("end", over));
  asked.on("error", over);
  // A label that no pod has to have: the selector moves, and where it leads to is the controller's affair.
  asked.end(JSON.stringify({ spec: { selector: { flip: `f${own}` } } }));
}

let held = "";
const watch = `${services}?watch=true&fieldSelector=metadata.name%3D${service}`;
request(watch, { ...options, agent: undefined }, (answer) => {
  if (answer.statusCode !== 200) throw new Error(`watch: ${answer.statusCode}`);
  answer.setEncoding("utf8").on("data", (text) => {
    const lines = (held + text).split("\n");
    held = lines.pop();
    for (const line of lines.filter(Boolean)) {
      const selector = JSON.stringify(JSON.parse(line).object.spec.selector);
      flips += last !== undefined && selector !== last ? 1 : 0;
      last = selector;
    }
  });
}).end();

setInterval(() => {
  const passed = (performance.now() - began) / 1000;
  if (passed >= seconds && flips >= rate * seconds) {
    console.log(JSON.stringify({ flips, own, seconds: passed }));
    process.exit(0);
  }
  const behind = rate * Math.min(passed, seconds) - flips;
  for (let left = Math.ceil(behind); left > 0 && open < MOST; left -= 1) flip();
}, 10);
