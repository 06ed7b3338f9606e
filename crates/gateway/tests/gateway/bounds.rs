//! Bounds and the frame around every answer: body size, caching.

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
async fn no_answer_is_kept_by_a_cache() {
    let centre = Centre::open().await;
    for (path, http) in [("/api/v2/me/calls", 200), ("/api/v2/me/calls/none", 404)] {
        let answer = centre.get("alice", path).await;
        assert_eq!(
            (answer.http, &answer.headers["cache-control"]),
            (http, &"no-store".parse().unwrap())
        );
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
