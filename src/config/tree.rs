//! A TOML file as a tree in which every key knows where it stands, so that layers can be laid over each other
//! and every fault still names its line.

use std::{path::Path, sync::Arc};

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::fault::{At, Fault};

/// A value and where its key stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub at: Arc<At>,
    pub value: Value,
}

/// What a key holds. Tables keep the order of the file.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Date(String),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Value {
    /// What it is, for a message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    /// An empty table that stands at the top of `file`.
    pub fn empty(file: &Path) -> Self {
        let at = At { file: file.into(), line: 0, column: 0, key: String::new() };
        Self { at: Arc::new(at), value: Value::Table(vec![]) }
    }

    /// The entries of a table; none of anything else.
    pub fn entries(&self) -> &[(String, Node)] {
        if let Value::Table(entries) = &self.value { entries } else { &[] }
    }

    /// The elements of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// The text; `None` of anything else.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The truth value; `None` of anything else.
    pub fn truth(&self) -> Option<bool> {
        if let Value::Bool(b) = &self.value { Some(*b) } else { None }
    }

    /// The node below these keys.
    pub fn get(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.entries().iter().find(|(k, _)| k == key).map(|(_, n)| n))
    }

    /// Where these keys stand, or the nearest table above them that is written down.
    pub fn place(&self, path: &[&str]) -> &At {
        (0..=path.len()).rev().find_map(|n| self.get(&path[..n])).map_or(&self.at, |n| &n.at)
    }

    /// Sets what stands below `key`.
    pub fn set(&mut self, key: &str, node: Node) {
        if let Value::Table(entries) = &mut self.value {
            match entries.iter_mut().find(|(k, _)| k == key) {
                Some((_, old)) => *old = node,
                None => entries.push((key.to_owned(), node)),
            }
        }
    }

    /// Lays `over` over this tree: tables are joined, everything else is replaced.
    pub fn lay(&mut self, over: &Node) {
        match (&mut self.value, &over.value) {
            (Value::Table(mine), Value::Table(theirs)) => {
                self.at = over.at.clone();
                for (key, node) in theirs {
                    match mine.iter_mut().find(|(k, _)| k == key) {
                        Some((_, old)) => old.lay(node),
                        None => mine.push((key.clone(), node.clone())),
                    }
                }
            }
            _ => *self = over.clone(),
        }
    }

    /// Replaces `{service}` and the like in every text.
    pub fn fill(&mut self, hole: &str, with: &str) {
        match &mut self.value {
            Value::Text(text) => *text = text.replace(hole, with),
            Value::List(items) => items.iter_mut().for_each(|n| n.fill(hole, with)),
            Value::Table(entries) => entries.iter_mut().for_each(|(_, n)| n.fill(hole, with)),
            _ => {}
        }
    }

    /// The tree without its places, for serde.
    pub fn json(&self) -> Json {
        match &self.value {
            Value::Text(t) | Value::Date(t) => Json::from(t.as_str()),
            Value::Integer(i) => Json::from(*i),
            Value::Float(x) => Json::from(*x),
            Value::Bool(b) => Json::from(*b),
            Value::List(items) => items.iter().map(Node::json).collect(),
            Value::Table(entries) => entries.iter().map(|(k, n)| (k.clone(), n.json())).collect(),
        }
    }
}

/// Reads `text`; every syntax fault at once.
pub(super) fn parse(file: &Path, text: &str) -> (Node, Vec<Fault>) {
    let source = Source { file: file.into(), text };
    let (table, errors) = DeTable::parse_recoverable(text);
    let faults = errors
        .iter()
        .map(|e| source.at(e.span().map_or(0, |s| s.start), String::new()).fault(e.message(), "correct the TOML"))
        .collect();
    let root = Node { at: Node::empty(file).at, value: source.table(table.get_ref(), "") };
    (root, faults)
}

struct Source<'a> {
    file: Arc<Path>,
    text: &'a str,
}

impl Source<'_> {
    fn at(&self, offset: usize, key: String) -> At {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        At {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key,
        }
    }

    fn table(&self, table: &DeTable<'_>, above: &str) -> Value {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let below = |key: &str| {
            let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            let key = if plain { key.to_owned() } else { format!("{key:?}") };
            if above.is_empty() { key } else { format!("{above}.{key}") }
        };
        Value::Table(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let name = key.get_ref().to_string();
                    let path = below(&name);
                    let at = self.at(key.span().start, path.clone());
                    (name, Node { value: self.value(value.get_ref(), &path), at: Arc::new(at) })
                })
                .collect(),
        )
    }

    fn value(&self, value: &DeValue<'_>, path: &str) -> Value {
        match value {
            DeValue::String(s) => Value::Text(s.to_string()),
            DeValue::Integer(i) => {
                // A number too great for 64 bits is no number that any key means; it fails the key's own check.
                i64::from_str_radix(i.as_str(), i.radix()).map_or(Value::Float(f64::NAN), Value::Integer)
            }
            DeValue::Float(x) => Value::Float(x.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(b) => Value::Bool(*b),
            DeValue::Datetime(d) => Value::Date(d.to_string()),
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| {
                        let path = format!("{path}[{i}]");
                        let at = self.at(item.span().start, path.clone());
                        Node { value: self.value(item.get_ref(), &path), at: Arc::new(at) }
                    })
                    .collect(),
            ),
            DeValue::Table(table) => self.table(table, path),
        }
    }
}
