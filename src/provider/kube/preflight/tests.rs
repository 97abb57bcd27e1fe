use serde_json::json;

use super::*;

#[test]
fn what_a_template_needs_is_read_from_everywhere_and_the_optional_is_left_out() {
    let template = json!({"spec": {
        "initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "base"}}]}],
        "containers": [{
            "name": "main",
            "envFrom": [{"secretRef": {"name": "all"}}, {"configMapRef": {"name": "maybe", "optional": true}}],
            "env": [
                {"name": "A", "value": "plain"},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "base", "key": "level"}}},
                {"name": "C", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                {"name": "D", "valueFrom": {"secretKeyRef": {"name": "db", "key": "extra", "optional": true}}},
            ],
        }],
        "volumes": [
            {"name": "c", "configMap": {"name": "files", "items": [{"key": "a.yaml", "path": "a"}, {"key": "b.yaml", "path": "b"}]}},
            {"name": "s", "secret": {"secretName": "tls"}},
            {"name": "p", "projected": {"sources": [{"secret": {"name": "token", "items": [{"key": "t", "path": "t"}]}}, {"downwardAPI": {}}]}},
            {"name": "e", "emptyDir": {}},
        ],
    }});
    let all: Vec<String> = needs(&template).iter().map(ToString::to_string).collect();
    assert_eq!(
        all,
        [
            "configmap base",
            "configmap base key level",
            "configmap files key a.yaml",
            "configmap files key b.yaml",
            "secret all",
            "secret db key password",
            "secret tls",
            "secret token key t",
        ]
    );
    assert!(needs(&Value::Null).is_empty());
}

#[test]
fn promises_are_read_from_annotations_and_an_unknown_word_is_not_safe() {
    let annotations = json!({
        "gonogo.dev/requires.schema.users": ">=40,<=42",
        "gonogo.dev/provides.schema.users": "42",
        "gonogo.dev/rollback": "surely",
        "gonogo.dev/rollback-note": "drops a column",
        "other.example/requires.x": "1",
    });
    let found = promises(Some(&annotations));
    assert_eq!(found.requires, [("schema.users".into(), ">=40,<=42".into())].into());
    assert_eq!(found.provides, [("schema.users".into(), "42".into())].into());
    assert_eq!(found.rollback, Some(RollbackMark::Unknown));
    assert_eq!(found.note, Some("drops a column".into()));
    assert_eq!(promises(None), Promises::default());
}

#[test]
fn values_are_never_kept() {
    let keys: Keys = serde_json::from_value(json!({"kind": "Secret", "data": {"password": "aHVudGVyMg=="}})).unwrap();
    assert_eq!(keys.data.unwrap().into_keys().collect::<Vec<_>>(), ["password"]);
}
