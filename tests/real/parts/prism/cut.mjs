// cut.mjs FILE: prints of GitHub's API description the paths that a release cockpit could touch, with all that they refer
// to, and mended where the published text refuses right requests or lets wrong ones pass.
import { readFileSync } from "node:fs";

const full = JSON.parse(readFileSync(process.argv[2], "utf8"));
const repo = "/repos/{owner}/{repo}";
const wanted = [
  /^\/(user|rate_limit)$/,
  /^$/,
  /^\/actions\/(workflows|runs|jobs|artifacts|concurrency_groups)(\/|$)/,
  /^\/(branches|commits|tags)$/,
  /^\/branches\/\{branch\}(\/protection(\/required_status_checks)?)?$/,
  /^\/commits\/\{(ref|commit_sha)\}(\/(check-runs|check-suites|status|statuses|pulls))?$/,
  /^\/check-runs(\/\{check_run_id\}(\/annotations)?)?$/,
  /^\/check-suites\/\{check_suite_id\}(\/check-runs|\/rerequest)?$/,
  /^\/compare\/\{basehead\}$/,
  /^\/contents\/\{path\}$/,
  /^\/deployments(\/|$)/,
  /^\/environments(\/\{environment_name\}(\/deployment[^/]*)?)?$/,
  /^\/git\/(refs?|matching-refs|tags|commits)(\/|$)/,
  /^\/merges$/,
  /^\/pulls(\/\{pull_number\}(\/(commits|files|merge|reviews|update-branch))?)?$/,
  /^\/releases(\/(latest|tags\/\{tag\}|\{release_id\}))?$/,
  /^\/rules\/branches\/\{branch\}$/,
  /^\/rulesets(\/\{ruleset_id\})?$/,
  /^\/statuses\/\{sha\}$/,
];
const kept = (path) => {
  const inRepo = path.startsWith(repo);
  return wanted.some((re, i) => (i === 0 ? re.test(path) : inRepo && re.test(path.slice(repo.length))));
};

const cut = { openapi: full.openapi, info: full.info, servers: [{ url: "/" }], paths: {}, components: {} };
for (const [path, item] of Object.entries(full.paths)) if (kept(path)) cut.paths[path] = item;

const follow = (node) => {
  if (node === null || typeof node !== "object") return;
  if (typeof node.$ref === "string") {
    const [, , kind, name] = node.$ref.split("/");
    cut.components[kind] ??= {};
    if (!(name in cut.components[kind])) {
      cut.components[kind][name] = full.components[kind][name];
      follow(cut.components[kind][name]);
    }
  }
  for (const value of Object.values(node)) follow(value);
};
follow(cut.paths);

const resolve = (node) => {
  while (node?.$ref) node = node.$ref.split("/").slice(1).reduce((at, key) => at[key], cut);
  return node;
};
const mended = { links: 0, created: 0, workflow: 0, closed: 0 };
for (const item of Object.values(cut.paths)) {
  for (const operation of Object.values(item)) {
    if (!operation.responses) continue;
    for (const response of Object.values(operation.responses).map(resolve)) {
      // the example link leads a client that follows pages away from here
      if (response.headers?.Link && delete response.headers.Link) mended.links++;
    }
    for (const parameter of (operation.parameters ?? []).map(resolve)) {
      // takes ranges such as >=2026-01-01, which are no date-time
      if (parameter.name === "created" && delete parameter.schema.format) mended.created++;
      // oneOf integer or string: every number is both and therefore refused
      if (parameter.name === "workflow_id" && parameter.schema.oneOf) {
        parameter.schema = { type: "string" };
        mended.workflow++;
      }
    }
    // open as published: a misspelt field would pass
    const body = resolve(resolve(operation.requestBody)?.content?.["application/json"]?.schema);
    const composed = body && (body.oneOf || body.anyOf || body.allOf);
    if (body?.properties && !composed && body.additionalProperties === undefined) {
      body.additionalProperties = false;
      mended.closed++;
    }
  }
}
const paths = Object.keys(cut.paths).length;
console.error(`${paths} paths; mended: ${JSON.stringify(mended)}`);
if (paths < 80 || Object.values(mended).includes(0)) {
  console.error("the description is not the one this script was written for");
  process.exit(1);
}
process.stdout.write(JSON.stringify(cut));
