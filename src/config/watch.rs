//! Hot reload: has a file changed, and does what it says now still hold?
//!
//! The few kilobytes are read and hashed each time: that also works where a home directory on NFS keeps coarse
//! or wrong times, and needs no watching service. Who calls it decides how often; once a second is meant.

use sha2::{Digest, Sha256};

use super::{
    fault::Fault,
    layers::{Inputs, Loaded, load},
};

/// Remembers what the files held when they were last looked at.
#[derive(Debug, Clone)]
pub struct Reloader {
    seen: [u8; 32],
}

impl Reloader {
    /// Takes a first look. Make it before [`load`], so that a change in between is not missed.
    pub fn new(inputs: &Inputs<'_>) -> Self {
        Self { seen: fingerprint(inputs) }
    }

    /// `None` where nothing changed; else the new configuration, or the faults because of which the old one stands.
    ///
    /// That the last file went away is a fault too: an editor that saves by renaming does that for a moment.
    pub fn poll(&mut self, inputs: &Inputs<'_>) -> Option<Result<Loaded, Vec<Fault>>> {
        let now = fingerprint(inputs);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(load(inputs).and_then(|loaded| {
            if loaded.files.is_empty() {
                let file = inputs.user_file().unwrap_or_else(|| inputs.cwd.join("gonogo.toml"));
                return Err(vec![Fault::file(&file, "no configuration is left", "what was read before still stands")]);
            }
            Ok(loaded)
        }))
    }
}

/// One hash over every file that has a say, and over which files these are.
fn fingerprint(inputs: &Inputs<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let files = match inputs.named() {
        Some(named) => vec![named],
        None => inputs.user_file().into_iter().chain(inputs.repository_file()).chain(inputs.trust_file()).collect(),
    };
    for file in files {
        hash.update(Sha256::digest(file.as_os_str().as_encoded_bytes()));
        match inputs.disk.read(&file) {
            Ok(stored) => hash.update(Sha256::digest(stored.text)),
            Err(e) => hash.update(e.kind().to_string()),
        }
    }
    hash.finalize().into()
}
