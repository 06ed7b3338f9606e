//! Many requests on one connection: held polls block nothing.

use std::future::Future;
use std::time::Duration;

use encke_testkit::DEADLINE;
use futures::future::join_all;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::tls_house::TlsHouse;

/// One connection, as many requests as it likes.
#[derive(Clone)]
struct Wire(SendRequest<Full<Bytes>>);

impl Wire {
    async fn open(house: &TlsHouse) -> Self {
        let stream = house.open(&["h2", "http/1.1"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (send, connection) =
            handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(async { drop(connection.await) });
        Self(send)
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> impl Future<Output = Response<Incoming>> + use<> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://localhost{path}"))
            .header("origin", "https://localhost")
            .body(Full::from(if body.is_null() { String::new() } else { body.to_string() }))
            .unwrap();
        let answer = self.0.clone().send_request(request);
        async { timeout(DEADLINE, answer).await.unwrap().unwrap() }
    }

    async fn messages(&self, body: Value) -> Vec<Value> {
        let answer = self.send(Method::POST, "/cometd", &body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    /// A session after its first connect and a subscription.
    async fn session(&self) -> String {
        let hello = self.messages(json!({"channel": "/meta/handshake", "version": "1.0"})).await;
        let client = hello[0]["clientId"].as_str().unwrap().to_owned();
        self.messages(poll(&client)).await;
        let subscribe =
            json!({"channel": "/meta/subscribe", "clientId": client, "subscription": "/h2/news"});
        self.messages(subscribe).await;
        client
    }
}

fn poll(client: &str) -> Value {
    json!({"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"})
}

#[tokio::test]
async fn held_polls_of_many_sessions_share_a_connection() {
    let house = TlsHouse::with(|_| {}).await;
    let wire = Wire::open(&house).await;
    let clients = join_all((0..20).map(|_| wire.session())).await;
    let polls: Vec<_> = clients
        .iter()
        .map(|client| {
            tokio::spawn({
                let (wire, poll) = (wire.clone(), poll(client));
                async move { wire.messages(poll).await }
            })
        })
        .collect();
    // A page of the same origin still gets its answers, cookies and all.
    let page = wire.send(Method::GET, "/version", &Value::Null).await;
    assert_eq!(page.status(), StatusCode::OK);
    let publisher = wire.session().await;
    let news = json!({"channel": "/h2/news", "clientId": publisher, "data": "perihelion"});
    wire.messages(news).await;
    for poll in polls {
        let answer = timeout(DEADLINE, poll).await.unwrap().unwrap();
        assert_eq!(answer[0]["data"], "perihelion", "{answer:?}");
    }
    house.house.end().await;
}

#[tokio::test]
async fn a_request_that_its_client_gives_up_loses_nothing() {
    let house = TlsHouse::with(|_| {}).await;
    let wire = Wire::open(&house).await;
    let client = wire.session().await;
    let given_up = wire.send(Method::POST, "/cometd", &poll(&client));
    timeout(Duration::from_millis(100), given_up).await.unwrap_err();
    let publisher = wire.session().await;
    let news = json!({"channel": "/h2/news", "clientId": publisher, "data": "aphelion"});
    wire.messages(news).await;
    let answer = wire.messages(poll(&client)).await;
    assert_eq!(answer[0]["data"], "aphelion", "{answer:?}");
    house.house.end().await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_happens_is_closed() {
    let house = TlsHouse::with(|settings| settings.server.header_timeout_ms = 200).await;
    let stream = house.open(&["h2"]).await;
    let (_send, connection) =
        handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    timeout(DEADLINE, connection).await.expect("it is closed").unwrap();
    house.house.end().await;
}

#[tokio::test]
async fn a_connection_with_a_stream_of_events_is_not_idle() {
    let house = TlsHouse::with(|settings| settings.server.header_timeout_ms = 200).await;
    let wire = Wire::open(&house).await;
    let mut events = wire.send(Method::GET, "/cometd/events?channel=/h2/news", &Value::Null).await;
    assert_eq!(events.status(), StatusCode::OK);
    // It would look idle many times over.
    let silence = async { while events.frame().await.is_some() {} };
    timeout(Duration::from_secs(1), silence).await.unwrap_err();
    let publisher = wire.session().await;
    let news = json!({"channel": "/h2/news", "clientId": publisher, "data": "aphelion"});
    wire.messages(news).await;
    let mut text = String::new();
    while !text.contains("aphelion") {
        let frame = timeout(DEADLINE, events.frame()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    house.house.end().await;
}
