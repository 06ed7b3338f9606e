//! The client over TLS.

use std::sync::Arc;
use std::time::Duration;

use encke_broker::{Broker, Config};
use encke_client::{Client, Failure, Status};
use encke_transport::{BayeuxService, HttpConfig, drive};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{data, reach, up};

/// A server with a certificate of its own; the URL and the certificate.
async fn serve() -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let broker =
        Broker::new(Config::default().connection_types(vec!["websocket", "long-polling"])).unwrap();
    tokio::spawn(drive(broker.clone()));
    let service = BayeuxService::new(broker, HttpConfig::default()).websocket(TokioExecutor::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), service.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(socket).await {
                    let server = hyper::server::conn::http1::Builder::new();
                    let io = TokioIo::new(stream);
                    drop(server.serve_connection(io, service).with_upgrades().await);
                }
            });
        }
    });
    (format!("https://localhost:{port}/cometd"), certified.cert.pem())
}

#[tokio::test]
async fn a_trusted_certificate_is_enough() {
    let (url, pem) = serve().await;
    for websocket in [true, false] {
        let builder = Client::builder(&url).trust(pem.as_bytes()).websocket(websocket);
        let (client, _driver) = up(builder).await;
        let mut subscription = client.subscribe("/a").await.unwrap();
        client.publish("/a", &1).await.unwrap();
        assert_eq!(data(&mut subscription).await, "1");
    }
}

#[tokio::test]
async fn a_stranger_is_not_spoken_to() {
    let (url, _) = serve().await;
    let builder =
        Client::builder(&url).backoff(Duration::from_millis(10), Duration::from_millis(10));
    let (client, driver) = builder.connect().unwrap();
    let _driver = tokio::spawn(driver);
    let mut status = client.status();
    let stranger = |status: &Status| {
        matches!(status, Status::Interrupted { why: Failure::Unreachable(_), .. })
    };
    reach(&mut status, stranger).await;
}
