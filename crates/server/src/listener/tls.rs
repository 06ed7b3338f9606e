//! Certificate and key, read once at start.
//!
//! TLS 1.2 and 1.3 with rustls and ring; HTTP/2 and HTTP/1.1 by ALPN.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::http2;

/// Why TLS cannot be spoken.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of its kind.
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: pem::Error,
    },
    /// The file holds no certificate.
    NoCertificate(PathBuf),
    /// Certificate and key do not go together, or are of a kind that is not taken.
    Pair(rustls::Error),
}

/// What turns accepted connections into TLS ones.
///
/// # Errors
///
/// [`TlsError`].
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| TlsError::File { file: certificate.to_owned(), cause })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|cause| TlsError::File { file: key.to_owned(), cause })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![http2::ALPN.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, .. } => write!(f, "cannot read {} for TLS", file.display()),
            Self::NoCertificate(file) => write!(f, "{} holds no certificate", file.display()),
            Self::Pair(_) => f.write_str("certificate and key do not make a TLS server"),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { cause, .. } => Some(cause),
            Self::NoCertificate(_) => None,
            Self::Pair(cause) => Some(cause),
        }
    }
}
