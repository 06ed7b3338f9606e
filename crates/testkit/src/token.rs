//! Whoever signs tokens: a secret that it shares with the server.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

/// Signs tokens with HS256.
#[derive(Clone, Debug)]
pub struct Issuer {
    secret: String,
}

impl Issuer {
    /// An issuer with this secret.
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned() }
    }

    /// Its secret as a JSON Web Key Set, under an id.
    pub fn key_set(&self, id: &str) -> String {
        let key = URL_SAFE_NO_PAD.encode(&self.secret);
        json!({"keys": [{"kty": "oct", "kid": id, "k": key}]}).to_string()
    }

    /// A token of this user that ends so many seconds from now.
    pub fn token(&self, user: &str, seconds: f64) -> String {
        self.sign(&json!({"sub": user, "exp": now() + seconds}))
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({"alg": "HS256", "typ": "JWT"}), claims)
    }

    /// A token with these claims and this header, whatever that says.
    pub fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let signature = hmac::sign(&key, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a token ends at a time of day")]
pub fn now() -> f64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    since_1970.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_others_make_of_the_same_claims() {
        let token = Issuer::new("secret").sign(&json!({"exp": 1, "sub": "alice"}));
        assert_eq!(
            token,
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjEsInN1YiI6ImFsaWNlIn0.\
             4juatg-M05AKIyJP56CGjll7XRh89DtxoFv5zHpbbwU"
        );
    }
}
