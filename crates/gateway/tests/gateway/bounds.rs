//! Bounds and the frame around every answer: body size, request id, caching.

use axum::body::Body;
use axum::http::Request;
use encke_gateway::GatewayConfig;

use crate::support::{CALL, Centre};

fn post(body: Body) -> Request<Body> {
    Request::builder().method("POST").uri(format!("/api/v2/me/calls/{CALL}")).body(body).unwrap()
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_a_413_however_it_is_sent() {
    let centre = Centre::with(GatewayConfig::default().body_limit_bytes(1_000)).await;
    centre.dialled("{}").await;
    let body = format!(r#"{{"operationName":"DeleteUserData","x":"{}"}}"#, "y".repeat(1_000));
    let chunks: Vec<Result<Vec<u8>, std::convert::Infallible>> =
        body.as_bytes().chunks(100).map(|chunk| Ok(chunk.to_vec())).collect();
    for body in [Body::from(body), Body::from_stream(futures::stream::iter(chunks))] {
        let answer = centre.send(post(body), Some("alice")).await;
        assert_eq!(answer.refused(), (413, 10, "the body is longer than 1000 bytes".into()));
    }
    let path = format!("/api/v2/me/calls/{CALL}");
    centre.accepted("alice", &path, r#"{"operationName":"DeleteUserData"}"#).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_missing_and_changes_nothing() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let chunks = [Ok(&b"{\"operationName\""[..]), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures::stream::iter(chunks));
    let answer = centre.send(post(body), Some("alice")).await;
    assert_eq!(answer.refused(), (400, 1, "the body broke off".into()));
}

#[tokio::test]
async fn a_request_id_comes_back_and_an_endless_one_does_not() {
    let centre = Centre::open().await;
    for (id, back) in [("abc-1", true), (&"x".repeat(129), false)] {
        let request = Request::builder()
            .uri("/api/v2/me/calls")
            .header("x-request-id", id)
            .body(Body::empty())
            .unwrap();
        let answer = centre.send(request, Some("alice")).await;
        assert_eq!(answer.http, 200);
        let given = answer.headers.get("x-request-id").map(|id| id.to_str().unwrap().to_owned());
        assert_eq!(given, back.then(|| id.to_owned()));
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_and_the_content_type_mean_nothing() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let path = format!("/api/v2/me/calls/{CALL}/");
    centre.accepted("alice", &path, r#"{"operationName":"DeleteUserData"}"#).await;
    for content_type in ["text/plain", "application/json; charset=UTF-8", "nonsense"] {
        let request = Request::builder()
            .method("POST")
            .uri(&path)
            .header("content-type", content_type)
            .body(Body::from(r#" {"operationName":"DeleteUserData"} "#))
            .unwrap();
        assert_eq!(centre.send(request, Some("alice")).await.body, r#"{"statusCode":0}"#);
    }
}
