//! Tokens that are not taken: 401 and `statusCode` 20, and a challenge that says why.

use encke_testkit::{Issuer, Login, Request, now};
use serde_json::{Value, json};

use crate::case::{Case, failure};
use crate::ground::World;

/// A good token's claims, with others put over them; null takes one away.
fn claims(change: &Value) -> Value {
    let mut claims = json!({
        "sub": "alice", "exp": now() + 600.0, "iss": "https://issuer.example.com", "aud": "encke",
    });
    let members = claims.as_object_mut().expect("an object");
    for (name, value) in change.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

fn bearing(token: &str) -> Request {
    Request::new("GET", "/api/v2/me").header("authorization", &format!("Bearer {token}"))
}

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let signed = |change: Value| world.issuer.sign(&claims(&change));
    let under = |header: Value| world.issuer.sign_under(&header, &claims(&json!({})));
    let unsigned = |header: Value| {
        let token = under(header);
        format!("{}.", token.rsplit_once('.').expect("three parts").0)
    };
    let good = signed(json!({}));
    let (text, signature) = good.rsplit_once('.').expect("three parts");
    let foreign = Issuer::new("another secret that is long enough").sign(&claims(&json!({})));
    let refused = |name, request: Request, why: &str| {
        Case::new(name, &request, 401, &failure(20, &format!("Access denied: {why}"))).header(
            "www-authenticate",
            Some("Bearer error=\"invalid_token\", error_description=\"*\""),
        )
    };
    let token = |name, token: &str, why: &str| refused(name, bearing(token), why);
    let (malformed, algorithm) = ("malformed token", "the token's algorithm is not taken");
    let (signature_wrong, lacks) = ("the token's signature is wrong", "the token lacks a claim");
    let (issuer, audience) =
        ("the token is of another issuer", "the token is for another audience");
    let mut rows = vec![
        token("an empty token", "", malformed),
        token("a token of one part", "abc", malformed),
        token("a token of two parts", text, malformed),
        token("a token of four parts", &format!("{good}.abc"), malformed),
        token("a token that is not base64", "a*b.c*d.e*f", malformed),
        token("a header that is not JSON", "YWJj.YWJj.YWJj", malformed),
        token("a header without an algorithm", &under(json!({"typ": "JWT"})), malformed),
        token("a key id that is no text", &under(json!({"alg": "HS256", "kid": 7})), malformed),
        token(
            "a header that must be understood",
            &under(json!({"alg": "HS256", "crit": ["b64"], "b64": false})),
            malformed,
        ),
        token("a token that is too long", &"a".repeat(8_193), malformed),
        token("no algorithm", &unsigned(json!({"alg": "none"})), algorithm),
        token("no algorithm in capitals", &unsigned(json!({"alg": "NONE"})), algorithm),
        token("an algorithm without a name", &unsigned(json!({"alg": ""})), algorithm),
        token("no algorithm, but signed", &under(json!({"alg": "none"})), algorithm),
        token("the algorithm of another kind of key", &under(json!({"alg": "RS256"})), algorithm),
        token("the algorithm of a longer secret", &under(json!({"alg": "HS512"})), algorithm),
        token("an unknown algorithm", &under(json!({"alg": "HS257"})), algorithm),
        token("the signature of another secret", &foreign, signature_wrong),
        token("no signature", &format!("{text}."), signature_wrong),
        token("half of a signature", &format!("{text}.{}", &signature[..20]), signature_wrong),
        token(
            "the signature of other claims",
            &format!("{}.{signature}", text.replacen('.', ".A", 1)),
            signature_wrong,
        ),
        token("no expiry", &signed(json!({"exp": null})), lacks),
        token("an expiry in words", &signed(json!({"exp": "tomorrow"})), lacks),
        token("a negative expiry", &signed(json!({"exp": -1})), lacks),
        token("an expiry that has passed", &signed(json!({"exp": 1})), "the token has expired"),
        token(
            "a beginning that is to come",
            &signed(json!({"nbf": now() + 300.0})),
            "the token is not valid yet",
        ),
        token("no issuer", &signed(json!({"iss": null})), issuer),
        token("another issuer", &signed(json!({"iss": "https://evil.example.com"})), issuer),
        token("no audience", &signed(json!({"aud": null})), audience),
        token("another audience", &signed(json!({"aud": ["other"]})), audience),
        token("no user", &signed(json!({"sub": null})), lacks),
        token("a user that is a number", &signed(json!({"sub": 7})), lacks),
        token("a user of another line", &signed(json!({"sub": "ali\nce"})), lacks),
        token("roles that are numbers", &signed(json!({"roles": [1]})), lacks),
        refused(
            "a wrong token where strangers are welcome",
            Request::json("/cometd", "[]").header("authorization", "Bearer abc"),
            malformed,
        ),
        Case::new(
            "a user who is not configured",
            &bearing(&signed(json!({"sub": "mallory"}))),
            403,
            &failure(20, "Access denied: this user is not configured here"),
        )
        .header("www-authenticate", None),
        Case::new(
            "a good token in the address of a plain request",
            &Request::new("GET", &format!("/api/v2/me?access_token={good}")),
            403,
            &failure(20, "Access denied: no credentials"),
        ),
    ];
    rows.push(refused(
        "a token in the address beside credentials",
        Request::new("GET", &format!("/api/v2/me?access_token={good}"))
            .header("accept", "text/event-stream")
            .login(&Login::demo("alice")),
        malformed,
    ));
    rows.extend((0..100).map(|n| {
        let named = under(json!({"alg": "HS256", "kid": format!("key-{n}")}));
        token("a made-up key id", &named, "the token's key is not known")
    }));
    rows
}
