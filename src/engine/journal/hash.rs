//! Links of the chain: what a line's hash is made of, and how a line is told from one that was altered.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::IdError;

/// Name and version of the shape of a line.
pub const SCHEMA: &str = "gonogo/v1/journal";

/// What stands before the hash at the end of a line.
const BEFORE: &[u8] = b",\"hash\":\"";

/// What stands after it.
const AFTER: &[u8] = b"\"}";

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first line names as the one before it.
    pub const NONE: Self = Self([0; 32]);

    /// The hash of `bytes` that are a `what`: the same bytes under another name have another hash.
    pub fn of(what: &str, bytes: &[u8]) -> Self {
        Self(Sha256::new().chain_update(what).chain_update(b"\n").chain_update(bytes).finalize().into())
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Hash {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let wrong = IdError { what: "hash", rule: "64 lower-case hexadecimal digits" };
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let mut out = [0; 32];
        if s.len() != 64 {
            return Err(wrong);
        }
        for (to, pair) in out.iter_mut().zip(s.as_bytes().chunks(2)) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return Err(wrong) };
            *to = (high << 4) | low;
        }
        Ok(Self(out))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The newest line of a journal, written `NUMBER:HASH`: whoever notes it elsewhere can later prove that nothing up to it was altered or cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the line; 0 of a journal without lines.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// The head of a journal without lines.
    pub const NONE: Self = Self { seq: 0, hash: Hash::NONE };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Head {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let wrong = IdError { what: "head of a journal", rule: "NUMBER:HASH, as `gonogo audit verify` prints it" };
        let (seq, hash) = s.split_once(':').ok_or(wrong.clone())?;
        Ok(Self { seq: seq.parse().map_err(|_| wrong.clone())?, hash: hash.parse().map_err(|_| wrong)? })
    }
}

impl Serialize for Head {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Closes a line, whose last field is a hash of any value: the right one covers every byte before it. Whoever checks a
/// line needs no JSON: cut before `,"hash"`, put [`SCHEMA`] and a line end in front, and take the SHA-256.
pub fn seal(mut line: Vec<u8>) -> (Vec<u8>, Hash) {
    line.truncate(line.len().saturating_sub(BEFORE.len() + 64 + AFTER.len()));
    let mut body = line;
    let hash = Hash::of(SCHEMA, &body);
    body.extend_from_slice(BEFORE);
    body.extend_from_slice(hash.to_string().as_bytes());
    body.extend_from_slice(AFTER);
    (body, hash)
}

/// The hash of a line as it was written; `None` where not every byte of it is what it was.
pub fn sealed(line: &[u8]) -> Option<Hash> {
    let rest = line.strip_suffix(AFTER)?;
    let (rest, hash) = rest.split_at_checked(rest.len().checked_sub(64)?)?;
    let body = rest.strip_suffix(BEFORE)?;
    let hash: Hash = std::str::from_utf8(hash).ok()?.parse().ok()?;
    (Hash::of(SCHEMA, body) == hash).then_some(hash)
}
