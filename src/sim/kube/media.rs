//! Media types: in which form answers go out, and which bodies come in. JSON is spoken. Protobuf, CBOR, YAML, tables and
//! server-side apply are refused as a server refuses what it does not speak: by name, before anything is looked up.

use ::http::Method;
use serde_json::{Value, json};

use super::{super::http::Request, kinds::Kind, status::Refusal};

/// What everything but a patch is written in.
pub const JSON: &str = "application/json";
/// JSON Patch (RFC 6902).
pub const JSON_PATCH: &str = "application/json-patch+json";
/// JSON Merge Patch (RFC 7386).
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// Strategic merge, for built-in kinds only.
pub const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// The patches that a kind takes.
pub fn patches(kind: &Kind) -> &'static [&'static str] {
    if kind.custom { &[JSON_PATCH, MERGE_PATCH] } else { &[JSON_PATCH, MERGE_PATCH, STRATEGIC] }
}

/// The media type of a body, without parameters; empty where none is named.
pub fn of(request: &Request) -> &str {
    request.header("content-type").unwrap_or("").split(';').next().unwrap_or("").trim()
}

/// Refuses the body of a write in a form that is not read here. A patch has to name its form; anything else is taken for
/// JSON where it does not.
pub fn readable(kind: &Kind, request: &Request) -> Result<(), Refusal> {
    let known = match request.method {
        Method::PATCH => patches(kind),
        Method::DELETE if request.body.is_empty() => return Ok(()),
        _ => &[JSON],
    };
    match of(request) {
        "" if request.method != Method::PATCH => Ok(()),
        media if known.contains(&media) => Ok(()),
        _ => Err(Refusal::media_type(known)),
    }
}

/// The form of objects that a request accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of them.
    Whole,
    /// `as=PartialObjectMetadata` or its list.
    Metadata,
}

impl Form {
    /// The first type of Accept that is served. A table is passed over for what stands behind it; alone it is refused.
    pub fn of(request: &Request) -> Result<Self, Refusal> {
        let accept = request.header("accept").unwrap_or("*/*");
        for part in accept.split(',') {
            let mut options = part.split(';').map(str::trim);
            let media = options.next().unwrap_or("");
            let form = options.find_map(|option| option.strip_prefix("as="));
            match (media, form) {
                (JSON | "application/*" | "*/*", None) => return Ok(Self::Whole),
                (JSON, Some("PartialObjectMetadata" | "PartialObjectMetadataList")) => return Ok(Self::Metadata),
                _ => {}
            }
        }
        Err(Refusal::new(406, "NotAcceptable", format!("only the following media types are accepted: {JSON}")))
    }

    /// An object in this form.
    pub fn shape(self, object: &Value) -> Value {
        match self {
            Self::Whole => object.clone(),
            Self::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
            }
        }
    }
}
