//! Whether two requests ask for the same, whatever version and mark they carry.

use serde_json::Value;

use crate::domain::Request;

/// Whether two requests ask for the same.
pub(super) fn same(a: &Request, b: &Request) -> bool {
    a.verb == b.verb && a.path == b.path && a.content_type == b.content_type && bare(&a.body) == bare(&b.body)
}

/// Where what remains stands in what is left of what was shown. `None` where it is more than that.
pub(super) fn within(remain: &[Request], left: &[Request]) -> Option<Vec<usize>> {
    let mut from = 0;
    remain
        .iter()
        .map(|r| {
            let at = left.iter().skip(from).position(|l| same(l, r))? + from;
            from = at + 1;
            Some(at)
        })
        .collect()
}

/// A body without version and annotations: a change of ours never consists of annotations of the object itself.
fn bare(body: &Value) -> Value {
    match body {
        Value::Array(lines) => {
            let own = |line: &&Value| {
                let path = line["path"].as_str().unwrap_or_default();
                path != "/metadata/resourceVersion" && !path.starts_with("/metadata/annotations")
            };
            lines.iter().filter(own).cloned().collect()
        }
        Value::Object(_) => {
            let mut rest = body.clone();
            if let Some(meta) = rest.pointer_mut("/metadata").and_then(Value::as_object_mut) {
                meta.remove("resourceVersion");
                meta.remove("annotations");
            }
            rest
        }
        other => other.clone(),
    }
}
