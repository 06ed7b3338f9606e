//! Cookies, several sessions of one browser, other origins.
//!
//! Observed. The cookie is what CometD binds sessions to and counts tabs by; Faye has none.

use std::time::Duration;

use serde_json::{Value, json};

use super::framing::{HANDSHAKE, is_handshake};
use crate::cookies::Browser;
use crate::http::Request;
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, Stop, check, failed, skipped, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    let long_polling = On::Only(Transport::LongPolling);
    let mut list = scenarios! { "browser";
        "H15" Varies the_cookie_of_a_handshake;
        "H15" Expected the_cookie_is_hidden_from_scripts;
        "H15" Expected the_cookie_counts_for_every_path;
        "H15" Expected the_cookie_is_hard_to_guess;
        "H12" Expected two_browsers_get_two_cookies;
        "H13" Expected a_browser_that_has_the_cookie_gets_no_other;
        "H14" Varies an_unknown_cookie;
        "H14" Expected a_session_under_an_unknown_cookie_works;
        "H192" Expected only_handshakes_set_cookies;
        "H192" Expected at_most_one_cookie_of_that_name_is_set;
        "H18" Expected a_refused_handshake_sets_no_cookie;
        "H260" Varies a_second_session_while_the_first_is_held;
        "H260" Required a_second_session_of_a_browser_is_answered_or_held;
        "H262" Expected a_second_session_is_held_once_the_first_is_gone;
        "H263" Want the_pause_for_several_clients_ends;
        "H270" Expected a_second_session_may_ask_not_to_be_held;
        "H260" Required a_message_reaches_both_sessions_of_a_browser;
        "H268" Expected sessions_of_two_browsers_are_both_held;
        "H191" Varies a_preflight_of_another_origin;
        "H191" Varies a_post_of_another_origin;
        "H191" Expected another_origin_is_never_allowed_by_star_with_credentials;
        "H202" Varies a_plain_text_post_of_another_origin;
        "H191" Expected an_allowed_origin_is_told_in_vary;
        "H14" Expected foreign_cookies_do_no_harm;
        "H14" Expected a_broken_cookie_header_does_no_harm;
    };
    list = list.into_iter().map(|scenario| scenario.on(long_polling)).collect();
    list
}

/// The `Set-Cookie` of a fresh handshake, if the target sets any.
async fn set_cookie(lab: &Lab) -> Result<String, Stop> {
    let request = Request::json(&lab.target().endpoint.path, HANDSHAKE);
    let response = lab.request(&request).await?;
    let cookie = response.header("set-cookie").map(str::to_owned);
    cookie.ok_or_else(|| skipped("no cookie is set"))
}

async fn the_cookie_of_a_handshake(lab: Lab) -> Outcome {
    match set_cookie(&lab).await {
        Ok(cookie) => {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((&cookie, ""));
            let name = pair.split('=').next().unwrap_or_default();
            varies(format!("{name};{attributes}"))
        }
        Err(Stop::Skipped(_)) => varies("none"),
        Err(problem) => Err(problem),
    }
}

async fn the_cookie_is_hidden_from_scripts(lab: Lab) -> Outcome {
    let cookie = set_cookie(&lab).await?.to_ascii_lowercase();
    check!(cookie.contains("httponly"), "no HttpOnly: {cookie}");
    PASS
}

async fn the_cookie_counts_for_every_path(lab: Lab) -> Outcome {
    let cookie = set_cookie(&lab).await?.to_ascii_lowercase();
    check!(cookie.contains("path=/"), "no Path=/: {cookie}");
    PASS
}

async fn the_cookie_is_hard_to_guess(lab: Lab) -> Outcome {
    let value = |cookie: &str| {
        let pair = cookie.split(';').next().unwrap_or_default().to_owned();
        pair.split_once('=').map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let (one, two) = (value(&set_cookie(&lab).await?), value(&set_cookie(&lab).await?));
    check!(one.len() >= 12, "it has {} characters: {one}", one.len());
    let beginning = one.chars().zip(two.chars()).take_while(|(a, b)| a == b).count();
    check!(beginning < one.len() / 2, "{one} and {two} are much alike");
    PASS
}

async fn two_browsers_get_two_cookies(lab: Lab) -> Outcome {
    let (one, two) = (set_cookie(&lab).await?, set_cookie(&lab).await?);
    check!(one != two, "both are {one}");
    PASS
}

async fn a_browser_that_has_the_cookie_gets_no_other(lab: Lab) -> Outcome {
    let cookie = set_cookie(&lab).await?;
    let pair = cookie.split(';').next().unwrap_or_default();
    let request = Request::json(&lab.target().endpoint.path, HANDSHAKE).header("Cookie", pair);
    let response = lab.request(&request).await?;
    is_handshake(&response)?;
    check!(response.header("set-cookie").is_none(), "another one: {:?}", response.headers);
    PASS
}

async fn an_unknown_cookie(lab: Lab) -> Outcome {
    let name = lab.target().cookie.clone().ok_or_else(|| skipped("no cookie is set"))?;
    let request = Request::json(&lab.target().endpoint.path, HANDSHAKE);
    let request = request.header("Cookie", &format!("{name}=somethingelse123"));
    let response = lab.request(&request).await?;
    is_handshake(&response)?;
    varies(match response.header("set-cookie") {
        None => "taken as the browser's id",
        Some(_) => "replaced by a fresh one",
    })
}

async fn a_session_under_an_unknown_cookie_works(lab: Lab) -> Outcome {
    let name = lab.target().cookie.clone().ok_or_else(|| skipped("no cookie is set"))?;
    let browser = Browser::default();
    browser.set(&name, "mine1234mine1234mine");
    let client = lab.client_in(&browser).await?;
    client.must(client.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn only_handshakes_set_cookies(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let requests = [
        client.connect(json!({"timeout": 0})),
        client.subscription(lab.channel("/a")),
        client.publication(&lab.channel("/a"), 1),
        client.message("/meta/disconnect", Value::Null),
    ];
    for request in requests {
        let answer = client.send(&[request]).await?;
        check!(answer.header("set-cookie").is_none(), "a cookie with {}", answer.body);
    }
    PASS
}

async fn at_most_one_cookie_of_that_name_is_set(lab: Lab) -> Outcome {
    let request = Request::json(&lab.target().endpoint.path, HANDSHAKE);
    let response = lab.request(&request).await?;
    let name = lab.target().cookie.clone().ok_or_else(|| skipped("no cookie is set"))?;
    let own = format!("{name}=");
    let count = response.all("set-cookie").filter(|cookie| cookie.starts_with(&own)).count();
    check!(count == 1, "{count} cookies");
    PASS
}

async fn a_refused_handshake_sets_no_cookie(lab: Lab) -> Outcome {
    let body = HANDSHAKE.replace("\"id\":\"1\"", "\"id\":\"a<b\"");
    let response = lab.request(&Request::json(&lab.target().endpoint.path, body)).await?;
    let replies: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if replies[0]["successful"] == true {
        return Err(skipped("every id is accepted, so nothing was refused"));
    }
    check!(response.header("set-cookie").is_none(), "a cookie with {}", response.text());
    PASS
}

async fn a_second_session_while_the_first_is_held(lab: Lab) -> Outcome {
    let one = lab.client().await?;
    let two = lab.client_in(one.browser()).await?;
    let _held = one.hold().await?;
    let mut second = two.begin(two.connect(Value::Null));
    if second.stays(Duration::from_millis(400)).await.is_ok() {
        return varies("held as well");
    }
    let reply = two.ask(two.connect(json!({"timeout": 300}))).await?;
    let advice = reply.at(&["advice"]);
    check!(!advice["multiple-clients"].is_null(), "answered at once for no reason: {}", reply.raw);
    varies(format!("answered at once with {advice}"))
}

async fn a_second_session_of_a_browser_is_answered_or_held(lab: Lab) -> Outcome {
    let one = lab.client().await?;
    let two = lab.client_in(one.browser()).await?;
    let _held = one.hold().await?;
    let reply = two.ask(two.connect(json!({"timeout": 500}))).await?;
    let reconnect = reply.at(&["advice", "reconnect"]);
    check!(reply.is_success() || reconnect == "none", "neither: {}", reply.raw);
    PASS
}

async fn a_second_session_is_held_once_the_first_is_gone(lab: Lab) -> Outcome {
    let one = lab.client().await?;
    let two = lab.client_in(one.browser()).await?;
    let held = one.hold().await?;
    two.ask(two.connect(json!({"timeout": 300}))).await?;
    one.leave().await;
    drop(held);
    let mut second = two.hold_with(two.connect(Value::Null)).await?;
    second.stays(Duration::from_millis(300)).await?;
    PASS
}

async fn the_pause_for_several_clients_ends(lab: Lab) -> Outcome {
    let one = lab.client().await?;
    let two = lab.client_in(one.browser()).await?;
    let held = one.hold().await?;
    let reply = two.ask(two.connect(json!({"timeout": 300}))).await?;
    if reply.at(&["advice", "multiple-clients"]).is_null() {
        return Err(skipped("several sessions of a browser are held"));
    }
    one.leave().await;
    drop(held);
    // A client keeps the last advice it was given, so it must be given a new one.
    for _ in 0..2 {
        let reply = two.ask(two.connect(Value::Null)).await?;
        if reply.at(&["advice", "interval"]).as_u64() == Some(0) {
            return PASS;
        }
    }
    Err(failed("the interval of 2000 ms is never taken back"))
}

async fn a_second_session_may_ask_not_to_be_held(lab: Lab) -> Outcome {
    let one = lab.client().await?;
    let two = lab.client_in(one.browser()).await?;
    let _held = one.hold().await?;
    let answer = two.begin(two.connect(json!({"timeout": 0}))).answer(lab.at_once()).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "refused: {}", answer.body);
    PASS
}

async fn a_message_reaches_both_sessions_of_a_browser(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (one, publisher) = lab.pair(&channel).await?;
    let two = lab.client_in(one.browser()).await?;
    two.subscribe(channel.as_str()).await?;
    publisher.publish(&channel, 1).await?;
    let (one, two) = futures::join!(one.receive_one(), two.receive_one());
    one?;
    two?;
    PASS
}

async fn sessions_of_two_browsers_are_both_held(lab: Lab) -> Outcome {
    let (one, two) = (lab.client().await?, lab.client().await?);
    let mut first = one.hold().await?;
    let mut second = two.hold().await?;
    first.stays(Duration::from_millis(200)).await?;
    second.stays(Duration::from_millis(200)).await?;
    PASS
}

const ORIGIN: &str = "http://other.example";

async fn a_preflight_of_another_origin(lab: Lab) -> Outcome {
    let request = Request::new("OPTIONS", &lab.target().endpoint.path)
        .header("Origin", ORIGIN)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type");
    let response = lab.request(&request).await?;
    check!(response.status < 500, "HTTP {}", response.status);
    varies(match response.header("access-control-allow-origin") {
        None => format!("not allowed, HTTP {}", response.status),
        Some(origin) => format!("allowed for {origin}"),
    })
}

async fn post_from(lab: &Lab, kind: &str) -> Result<crate::http::Response, Stop> {
    let request = Request::new("POST", &lab.target().endpoint.path)
        .header("Origin", ORIGIN)
        .header("Content-Type", kind)
        .body(HANDSHAKE);
    lab.request(&request).await
}

async fn a_post_of_another_origin(lab: Lab) -> Outcome {
    let response = post_from(&lab, "application/json").await?;
    check!(response.status < 500, "HTTP {}", response.status);
    let allowed = response.header("access-control-allow-origin").unwrap_or("nobody");
    varies(format!("HTTP {}, allowed for {allowed}", response.status))
}

async fn another_origin_is_never_allowed_by_star_with_credentials(lab: Lab) -> Outcome {
    let response = post_from(&lab, "application/json").await?;
    let origin = response.header("access-control-allow-origin").unwrap_or_default();
    let credentials = response.header("access-control-allow-credentials").unwrap_or_default();
    check!(!(origin == "*" && credentials == "true"), "browsers refuse this combination");
    PASS
}

async fn a_plain_text_post_of_another_origin(lab: Lab) -> Outcome {
    // Browsers send this without asking first, with cookies; only the answer is kept from the page.
    let response = post_from(&lab, "text/plain").await?;
    check!(response.status < 500, "HTTP {}", response.status);
    varies(format!("HTTP {}", response.status))
}

async fn an_allowed_origin_is_told_in_vary(lab: Lab) -> Outcome {
    let response = post_from(&lab, "application/json").await?;
    match response.header("access-control-allow-origin") {
        None | Some("*") => Err(skipped("no origin is named")),
        Some(_) => {
            let stored = response.header("cache-control").unwrap_or_default().contains("no-store");
            let vary = response.header("vary").unwrap_or_default().to_ascii_lowercase();
            check!(stored || vary.contains("origin"), "caches would mix origins up");
            PASS
        }
    }
}

async fn foreign_cookies_do_no_harm(lab: Lab) -> Outcome {
    let request = Request::json(&lab.target().endpoint.path, HANDSHAKE)
        .header("Cookie", "a=1; JSESSIONID=zzz; theme=dark; b=\"x y\"");
    is_handshake(&lab.request(&request).await?)
}

async fn a_broken_cookie_header_does_no_harm(lab: Lab) -> Outcome {
    for cookies in [";;;", "=x", "novalue", "a=b=c; ; d"] {
        let request = Request::json(&lab.target().endpoint.path, HANDSHAKE);
        is_handshake(&lab.request(&request.header("Cookie", cookies)).await?)?;
    }
    PASS
}
