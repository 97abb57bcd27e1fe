//! The id of an operation.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::IdError;

/// Crockford's alphabet in lower case: no `i`, `l`, `o`, `u`, and its order is the order of ASCII.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Letters of an id; each stands for five bits.
const LETTERS: usize = 20;

/// How many of its 100 bits are random; the 48 before them count milliseconds since 1970.
const RANDOM_BITS: u32 = 52;

/// The id of an operation: later ids sort after earlier ones, and it goes as it is into an annotation, a header and an
/// address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OpId(Arc<str>);

impl OpId {
    /// The id of an operation that begins `at`; of `random` the lowest 52 bits are used. A time before 1970 counts as
    /// 1970.
    pub fn new(at: Timestamp, random: u64) -> Self {
        let time = u128::try_from(at.as_millisecond()).unwrap_or(0) & ((1 << 48) - 1);
        let bits = (time << RANDOM_BITS) | u128::from(random & ((1 << RANDOM_BITS) - 1));
        let letter = |i: usize| char::from(ALPHABET[((bits >> (5 * (LETTERS - 1 - i))) & 31) as usize]);
        Self((0..LETTERS).map(letter).collect::<String>().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Under which id a write goes out: `<op>.<request>.<attempt>`. The server's audit log testifies by it.
    pub fn write(&self, request: u32, attempt: u32) -> String {
        format!("{self}.{request}.{attempt}")
    }

    /// Under which id a read or a dry run goes out: `<op>.r<n>`.
    pub fn read(&self, n: u32) -> String {
        format!("{self}.r{n}")
    }

    /// Under which id a fence goes out: `<op>.f<n>`.
    pub fn fence(&self, n: u32) -> String {
        format!("{self}.f{n}")
    }
}

impl FromStr for OpId {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        // 48 + 52 bits are exactly twenty letters: any letter may stand anywhere.
        if s.len() == LETTERS && s.bytes().all(|b| ALPHABET.contains(&b)) {
            Ok(Self(s.into()))
        } else {
            Err(IdError { what: "operation", rule: "20 digits and lower-case letters without i, l, o and u" })
        }
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<'de> Deserialize<'de> for OpId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_after_earlier_ones_whatever_their_random_part() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let (early, late) = (OpId::new(at(1_773_133_200_000), u64::MAX), OpId::new(at(1_773_133_200_001), 0));
        assert!(early < late && early.as_str() < late.as_str());
        assert_eq!(early.as_str(), "06eddybtg3zzzzzzzzzz");
        assert_ne!(OpId::new(at(5), 1), OpId::new(at(5), 2));
    }

    #[test]
    fn an_id_is_rejected_not_cleaned() {
        let id = OpId::new(Timestamp::UNIX_EPOCH, 7);
        assert_eq!(id.to_string().parse::<OpId>().unwrap(), id);
        assert_eq!((id.write(1, 2), id.read(3), id.fence(1)), (format!("{id}.1.2"), format!("{id}.r3"), format!("{id}.f1")));
        for bad in ["", "0", "0sktb4tj40zzzzzzzzzzz", "0SKTB4TJ40ZZZZZZZZZZ", "0sktb4tj40zzzzzzzzil", "0sktb4tj40zzz/zzzzzz"] {
            assert!(bad.parse::<OpId>().is_err(), "{bad:?}");
        }
    }
}
