//! A demo server that speaks TLS with a certificate made for the test, and what trusts it.

use std::fs;
use std::sync::Arc;

use encke_server::Settings;
use rcgen::CertifiedKey;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::house::House;

pub(crate) struct TlsHouse {
    pub(crate) house: House,
    certificate: CertificateDer<'static>,
    _folder: TempDir,
}

impl TlsHouse {
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        fs::write(&certificate, cert.pem()).unwrap();
        fs::write(&key, signing_key.serialize_pem()).unwrap();
        let house = House::with(|settings| {
            settings.tls.certificate = Some(certificate);
            settings.tls.key = Some(key);
            change(settings);
        })
        .await;
        Self { house, certificate: cert.der().clone(), _folder: folder }
    }

    /// A connection that offers these protocols.
    pub(crate) async fn open(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(self.house.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}
