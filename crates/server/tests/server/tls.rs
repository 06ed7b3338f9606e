//! TLS with a certificate made for the test.

use std::fs;

use encke_server::{Config, DemoOptions, Server, Settings, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::tls_house::TlsHouse;

#[tokio::test]
async fn requests_travel_over_tls_and_cookies_are_for_tls_only() {
    let house = TlsHouse::with(|_| {}).await;
    let mut stream = house.open(&[]).await;
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
    house.house.end().await;
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
