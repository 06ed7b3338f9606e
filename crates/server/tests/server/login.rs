//! Credentials, cookies, CSRF tokens, throttling and rates on the wire.

use encke_server::settings::SameSite;
use encke_testkit::{Login, Request};

use crate::house::{House, cookie, me, me_as};

#[tokio::test]
async fn cookie_stands_for_the_login_and_ends_with_it() {
    let house = House::demo().await;
    let first = house.ask(&me_as("alice")).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let given = first.header("set-cookie").unwrap();
    for attribute in ["JSESSIONID=", "; HttpOnly", "; Path=/", "; SameSite=Lax"] {
        assert!(given.contains(attribute), "{given}");
    }
    let cookie = cookie(&first);
    let second = house.ask(&me().header("cookie", &cookie)).await;
    assert_eq!((second.status, second.header("set-cookie")), (200, None));
    assert_eq!(second.value()["user"]["userName"], first.value()["user"]["userName"]);

    let end = Request::json("/api/v2/me", r#"{"operationName":"EndContactCenterSession"}"#);
    let ended = house.ask(&end.header("cookie", &cookie)).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    assert!(ended.header("set-cookie").unwrap().contains("Max-Age=0"));
    let after = house.ask(&me().header("cookie", &cookie)).await;
    assert_eq!(after.status, 403);
    assert_eq!(after.value()["statusCode"], 20);
    house.end().await;
}

#[tokio::test]
async fn who_logs_out_is_out_even_if_the_state_of_the_agent_cannot_be_stored() {
    let house = House::demo().await;
    let cookie = cookie(&house.ask(&me_as("alice")).await);
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
    let started = house.ask(&Request::json("/api/v2/me", start).header("cookie", &cookie)).await;
    assert_eq!(started.status, 200, "{}", started.text());
    let fault = Request::json("/sim/v1/faults", r#"{"journal":"fail"}"#);
    assert_eq!(house.ask(&fault).await.status, 200);
    // What fails and is not a logout ends nothing.
    let ready = r#"{"operationName":"Ready"}"#;
    let failed = house.ask(&Request::json("/api/v2/me", ready).header("cookie", &cookie)).await;
    assert_eq!((failed.status, failed.header("set-cookie")), (503, None));
    let end = Request::json("/api/v2/me", r#"{"operationName":"EndContactCenterSession"}"#);
    let ended = house.ask(&end.header("cookie", &cookie)).await;
    assert_eq!(ended.status, 503, "{}", ended.text());
    let text = ended.value()["statusMessage"].as_str().unwrap().to_owned();
    assert!(text.ends_with("; the browser session has ended"), "{text}");
    assert!(ended.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(house.ask(&me().header("cookie", &cookie)).await.status, 403);
    house.end().await;
}

#[tokio::test]
async fn cookies_have_the_attributes_that_the_settings_say() {
    let house = House::with(|settings| {
        settings.session.same_site = SameSite::None;
        settings.session.secure = Some(true);
        settings.session.partitioned = true;
    })
    .await;
    let first = house.ask(&me_as("alice")).await;
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0",
        "supportedConnectionTypes":["long-polling"]}]"#;
    let shaken = Request::json("/api/v2/notifications", handshake);
    let shaken = house.ask(&shaken.header("cookie", &cookie(&first))).await;
    for (answer, name) in [(first, "JSESSIONID="), (shaken, "BAYEUX_BROWSER=")] {
        let given = answer.header("set-cookie").unwrap();
        assert!(given.starts_with(name), "{given}");
        for attribute in ["; SameSite=None", "; Secure", "; Partitioned", "; HttpOnly"] {
            assert!(given.contains(attribute), "{attribute}: {given}");
        }
    }
    house.end().await;
}

#[tokio::test]
async fn a_request_id_comes_back_from_every_door() {
    let house = House::demo().await;
    for (request, status) in [
        (me_as("alice"), 200),
        (me(), 403),
        (Request::json("/api/v2/notifications", "[]"), 403),
        (Request::new("GET", "/no/such/page"), 404),
        (Request::new("GET", "/version"), 200),
    ] {
        let answer = house.ask(&request.header("x-request-id", "r-17")).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (status, Some("r-17")));
    }
    let long = "x".repeat(129);
    let answer = house.ask(&me().header("x-request-id", &long)).await;
    assert_eq!(answer.header("x-request-id"), None);
    house.end().await;
}

#[tokio::test]
async fn nobody_is_refused_without_being_asked_for_a_password() {
    let house = House::demo().await;
    for path in ["/api/v2/me", "/api/v2/notifications", "/api/v2/no/such/thing"] {
        let refused = house.ask(&Request::json(path, "[]")).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(refused.value()["statusCode"], 20, "{path}");
        assert_eq!(refused.header("www-authenticate"), None, "{path}");
    }
    house.end().await;
}

#[tokio::test]
async fn repeated_failures_have_to_wait_and_a_session_does_not() {
    let house = House::with(|settings| {
        settings.login.user_failures = 3;
        settings.login.failure_forgotten_ms = 60_000;
    })
    .await;
    let cookie = cookie(&house.ask(&me_as("alice")).await);
    let wrong = me().login(&Login::new("alice", "wrong"));
    for _ in 0..3 {
        assert_eq!(house.ask(&wrong).await.status, 403);
    }
    let throttled = house.ask(&wrong).await;
    assert_eq!(throttled.status, 429);
    assert!(throttled.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(house.ask(&me().header("cookie", &cookie)).await.status, 200);
    assert_eq!(house.ask(&me_as("bob")).await.status, 200);
    house.end().await;
}

#[tokio::test]
async fn csrf_token_is_told_by_a_get_and_demanded_by_every_post() {
    let house = House::with(|settings| settings.login.csrf = true).await;
    let first = house.ask(&me_as("alice")).await;
    let cookie = cookie(&first);
    assert_eq!(first.header("x-csrf-header"), Some("X-CSRF-TOKEN"));
    let token = first.header("x-csrf-token").unwrap().to_owned();
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0",
        "supportedConnectionTypes":["long-polling"]}]"#;
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
    for (path, body) in
        [("/api/v2/me", start), ("/api/v2/notifications", handshake), ("/cometd", handshake)]
    {
        let post = Request::json(path, body).header("cookie", &cookie);
        let refused = house.ask(&post).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(refused.value()["statusMessage"], "Missing or invalid Csrf token", "{path}");
        let accepted = house.ask(&post.header("x-csrf-token", &token)).await;
        assert_eq!(accepted.status, 200, "{path}: {}", accepted.text());
    }
    let anonymous = house.ask(&Request::json("/cometd", handshake)).await;
    assert_eq!(anonymous.status, 200, "without a cookie there is nothing to forge");
    house.end().await;
}

#[tokio::test]
async fn rates_are_refused_with_a_time_to_come_back() {
    let house = House::with(|settings| {
        settings.limits.user_per_second = 1;
        settings.limits.user_burst = 2;
    })
    .await;
    assert_eq!(house.ask(&me_as("alice")).await.status, 200);
    assert_eq!(house.ask(&me_as("alice")).await.status, 200);
    let limited = house.ask(&me_as("alice")).await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), Some("1"));
    assert_eq!(house.ask(&me_as("bob")).await.status, 200);
    house.end().await;
}

#[tokio::test]
async fn generic_endpoint_takes_no_strangers_unless_told() {
    let house = House::with(|settings| settings.cometd.anonymous = false).await;
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0",
        "supportedConnectionTypes":["long-polling"]}]"#;
    let refused = house.ask(&Request::json("/cometd", handshake)).await;
    assert_eq!((refused.status, &refused.value()["statusCode"]), (403, &20.into()));
    let accepted =
        house.ask(&Request::json("/cometd", handshake).login(&Login::demo("alice"))).await;
    assert_eq!(accepted.value()[0]["successful"], true);
    house.end().await;
}
