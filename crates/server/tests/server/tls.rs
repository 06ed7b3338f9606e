//! TLS with a certificate made for the test.

use std::fs;
use std::sync::Arc;

use encke_server::{Config, DemoOptions, Server, Settings, StartError};
use rcgen::CertifiedKey;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::house::House;

fn connector(certificate: CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn requests_travel_over_tls_and_cookies_are_for_tls_only() {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&certificate, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    let house = House::with(|settings| {
        settings.tls.certificate = Some(certificate);
        settings.tls.key = Some(key);
    })
    .await;

    let stream = TcpStream::connect(house.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector(cert.der().clone()).connect(name, stream).await.unwrap();
    stream
        .write_all(
            b"GET /api/v2/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
              authorization: Basic YWxpY2U6ZGVtbw==\r\n\r\n",
        )
        .await
        .unwrap();
    let mut answer = Vec::new();
    // Some servers close without saying so in TLS; what came before that counts.
    drop(stream.read_to_end(&mut answer).await);
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie: JSESSIONID")).unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
    house.end().await;
}

#[tokio::test]
async fn key_that_is_none_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.pem");
    fs::write(&file, "").unwrap();
    let mut settings = Settings::demo(&DemoOptions::default()).unwrap();
    settings.server.listen = "127.0.0.1:0".parse().unwrap();
    settings.tls.certificate = Some(file.clone());
    settings.tls.key = Some(file);
    let config = Config::from_settings(&settings).unwrap();
    let error = Server::bind(config).await.unwrap_err();
    assert!(matches!(error, StartError::Tls(_)), "{error:?}");
}
