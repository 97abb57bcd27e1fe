//! The one TLS provider of the process: ring.

/// Makes ring the process-wide provider of cryptography. Calling it again changes nothing.
pub fn install() {
    rustls::crypto::ring::default_provider().install_default().ok();
}
