//! Names and digests that look like the real ones and are functions of the seed.

use sha2::{Digest, Sha256};

/// The alphabet that Kubernetes uses for generated name parts (`k8s.io/apimachinery/pkg/util/rand`).
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// SHA-256 over the seed and the parts; everything random-looking in the world comes from here.
pub fn bytes(seed: u64, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Lower-case hexadecimal of the first `digits / 2` bytes, e.g. 40 digits for a commit, 64 for an image digest.
pub fn hex(seed: u64, parts: &[&str], digits: usize) -> String {
    let mut out = String::with_capacity(digits + 1);
    for byte in bytes(seed, parts) {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    out.truncate(digits);
    out
}

/// A generated name part of `length` (at most 32) letters, as in pod suffixes and template hashes.
pub fn suffix(seed: u64, parts: &[&str], length: usize) -> String {
    bytes(seed, parts).iter().take(length).map(|byte| char::from(SAFE[usize::from(*byte) % SAFE.len()])).collect()
}

/// A version-4-looking UUID.
pub fn uid(seed: u64, parts: &[&str]) -> String {
    let h = hex(seed, parts, 32);
    format!("{}-{}-4{}-a{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..32])
}

/// A number in `0..bound`.
pub fn number(seed: u64, parts: &[&str], bound: u64) -> u64 {
    let b = bytes(seed, parts);
    u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) % bound.max(1)
}

/// A fraction in `0.0..1.0`, used for the phases of the traffic's waves.
pub fn fraction(seed: u64, parts: &[&str]) -> f64 {
    number(seed, parts, 1 << 32) as f64 / (1u64 << 32) as f64
}
