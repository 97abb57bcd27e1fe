//! Label and field selectors.

use serde_json::Value;

use super::{kinds::Kind, status::Refusal};

/// One requirement of a label selector.
#[derive(Clone, Debug, PartialEq)]
enum Label {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

/// What a list or watch wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Label>,
    /// JSON pointer, value, whether it must be equal.
    fields: Vec<(String, String, bool)>,
}

impl Selector {
    /// Parses `labelSelector` and `fieldSelector`; what cannot be parsed or is not supported is a 400.
    pub fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Self, Refusal> {
        let refuse = |why: String| {
            let resource = if kind.group.is_empty() { format!("/{}", kind.version) } else { kind.api_version() };
            let what = format!("Unable to find \"{resource}, Resource={}\" that match", kind.plural);
            Refusal::bad(format!("{what} label selector \"{labels}\", field selector \"{fields}\": {why}"))
        };
        let requirements = split(labels).into_iter().map(|part| label(&part)).collect::<Result<_, _>>();
        let requirements = requirements.map_err(|part| Refusal::bad(format!("unable to parse requirement: {part}")))?;
        let parts = fields.split(',').filter(|part| !part.is_empty());
        let fields = parts.map(|part| field(kind, part)).collect::<Result<_, _>>().map_err(refuse)?;
        Ok(Self { labels: requirements, fields })
    }

    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether the object is wanted.
    pub fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let value = |key: &str| labels.get(key).and_then(Value::as_str);
        self.labels.iter().all(|requirement| match requirement {
            Label::In(key, values) => value(key).is_some_and(|v| values.iter().any(|x| x == v)),
            Label::NotIn(key, values) => value(key).is_none_or(|v| values.iter().all(|x| x != v)),
            Label::Exists(key) => value(key).is_some(),
            Label::Missing(key) => value(key).is_none(),
        }) && self.fields.iter().all(|(pointer, wanted, equal)| {
            let found = object.pointer(pointer).and_then(Value::as_str).unwrap_or("");
            (found == wanted) == *equal
        })
    }
}

/// Splits at commas outside brackets.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0i32;
    for c in text.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    if parts.len() == 1 && parts[0].trim().is_empty() {
        parts.clear();
    }
    parts
}

fn key(text: &str) -> Result<String, String> {
    let text = text.trim();
    let name = text.rsplit('/').next().unwrap_or("");
    let good = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !name.is_empty() && text.len() <= 317 && text.chars().all(good) { Ok(text.to_owned()) } else { Err(text.to_owned()) }
}

fn label(part: &str) -> Result<Label, String> {
    let values = |text: &str| -> Result<Vec<String>, String> {
        let inner = text.trim().strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or_else(|| part.to_owned())?;
        Ok(inner.split(',').map(|v| v.trim().to_owned()).collect())
    };
    if let Some((name, list)) = part.split_once(" notin ") {
        Ok(Label::NotIn(key(name)?, values(list)?))
    } else if let Some((name, list)) = part.split_once(" in ") {
        Ok(Label::In(key(name)?, values(list)?))
    } else if let Some((name, value)) = part.split_once("!=") {
        Ok(Label::NotIn(key(name)?, vec![key_or_empty(value)?]))
    } else if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        Ok(Label::In(key(name)?, vec![key_or_empty(value)?]))
    } else if let Some(name) = part.trim().strip_prefix('!') {
        Ok(Label::Missing(key(name)?))
    } else {
        Ok(Label::Exists(key(part)?))
    }
}

fn key_or_empty(value: &str) -> Result<String, String> {
    if value.trim().is_empty() { Ok(String::new()) } else { key(value) }
}

fn field(kind: &Kind, part: &str) -> Result<(String, String, bool), String> {
    let (name, value, equal) = if let Some((name, value)) = part.split_once("!=") {
        (name, value, false)
    } else if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (name, value, true)
    } else {
        return Err(format!("invalid selector: '{part}'; can't understand '{part}'"));
    };
    let own: &[&str] = match kind.plural {
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ],
        "events" => {
            &["involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid", "reason", "type"]
        }
        "namespaces" => &["status.phase"],
        "secrets" => &["type"],
        "replicasets" => &["status.replicas"],
        _ => &[],
    };
    let general = name == "metadata.name" || (name == "metadata.namespace" && kind.namespaced);
    if general || own.contains(&name) {
        Ok((format!("/{}", name.replace('.', "/")), value.to_owned(), equal))
    } else {
        Err(format!("field label not supported: {name}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::kinds, Selector};

    #[test]
    fn labels() {
        let object = json!({"metadata": {"name": "a", "labels": {"app": "web", "tier": "front"}}});
        let table = [
            ("", true),
            ("app=web", true),
            ("app==web", true),
            ("app=api", false),
            ("app!=api", true),
            ("x!=api", true),
            ("app", true),
            ("!app", false),
            ("!x", true),
            ("app in (api,web),tier=front", true),
            ("app notin (api, web)", false),
            ("tier=", false),
        ];
        for (text, expected) in table {
            let selector = Selector::parse(kinds::named("pods"), text, "").unwrap();
            assert_eq!(selector.matches(&object), expected, "{text}");
        }
        for broken in ["a b", "app in web", ",", "=x", "a=b=c"] {
            let refusal = Selector::parse(kinds::named("pods"), broken, "").unwrap_err();
            assert_eq!((refusal.code, refusal.reason), (400, "BadRequest"), "{broken}");
        }
    }

    #[test]
    fn fields() {
        let object = json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": {"nodeName": "n1"}});
        let ask = |kind: &str, text: &str| Selector::parse(kinds::named(kind), "", text).map(|s| s.matches(&object));
        assert_eq!(ask("pods", "metadata.name=a,spec.nodeName!=n2"), Ok(true));
        assert_eq!(ask("pods", "metadata.name=b"), Ok(false));
        let refusal = ask("services", "spec.nodeName=n1").unwrap_err();
        assert_eq!((refusal.code, refusal.reason), (400, "BadRequest"));
        assert!(refusal.message.ends_with("field label not supported: spec.nodeName"), "{}", refusal.message);
    }
}
