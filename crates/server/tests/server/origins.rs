//! Pages of other origins: preflights, credentials, refusals.

use encke_testkit::Request;

use crate::house::{House, me_as};

#[tokio::test]
async fn allowed_page_may_ask_with_credentials_and_read_refusals_too() {
    let house = House::demo().await;
    let origin = "http://localhost:3000";
    for path in ["/api/v2/me", "/api/v2/notifications/connect", "/cometd"] {
        let preflight = Request::new("OPTIONS", path)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type,x-csrf-token");
        let answer = house.ask(&preflight).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        let headers = answer.header("access-control-allow-headers").unwrap().to_lowercase();
        assert!(headers.contains("authorization") && headers.contains("x-csrf-token"));
    }
    let answer = house.ask(&me_as("alice").header("origin", origin)).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("vary"), Some("Origin"));
    let refused = house.ask(&Request::new("GET", "/api/v2/me").header("origin", origin)).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-origin"), Some(origin));
    house.end().await;
}

#[tokio::test]
async fn foreign_page_may_change_nothing_and_read_nothing() {
    let house = House::demo().await;
    let origin = "https://evil.example.org";
    let post = Request::json("/api/v2/me", r#"{"operationName":"StartContactCenterSession"}"#)
        .header("origin", origin);
    let answer = house.ask(&post).await;
    assert_eq!((answer.status, &answer.value()["statusCode"]), (403, &3.into()));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let answer = house.ask(&me_as("alice").header("origin", origin)).await;
    assert_eq!(answer.status, 200, "a GET changes nothing");
    assert_eq!(answer.header("access-control-allow-origin"), None, "and is not readable there");
    house.end().await;
}
