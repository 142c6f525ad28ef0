//! Which TLS does the program speak? One stack, rustls with ring, chosen before anything connects.

/// Chooses the TLS provider for the whole process. A second call changes nothing.
pub fn install_tls() {
    rustls::crypto::ring::default_provider().install_default().ok();
}
