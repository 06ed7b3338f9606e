//! Who sends a request: HTTP Basic once, a session cookie after that; or a signed token each time.
//!
//! | A request with           | is                                                              |
//! |--------------------------|-----------------------------------------------------------------|
//! | a token                  | its bearer, for as long as the token says; no cookie is given   |
//! | credentials              | their user, once they are found right; a cookie of that user    |
//! |                          | goes on, otherwise a new one is given                           |
//! | a live cookie            | the cookie's user                                               |
//! | neither                  | nobody; what that means is up to whoever asked                  |
//!
//! Wrong credentials and tokens are refused even where a cookie would do: whoever sends them means
//! them. [`Login::identify`] needs no await for a cookie, for a token, and for credentials that
//! were right lately, which is every poll; only [`Login::check`] goes to a blocking thread, or
//! waits for the keys that a token is signed with.
//!
//! With CSRF protection on, a request that changes something must carry the token of its session,
//! and any GET tells it (see [`Given::tell_csrf_token`]). Who bears a signed token needs none:
//! browsers send cookies and passwords by themselves, but no such token.
//!
//! # Sources
//!
//! Documented and observed: the GWS behaviours named in `refusal`, `cookie` and `basic`; the
//! header names of CSRF protection from the GWS deployment guide.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, request};
use subtle::ConstantTimeEq;

pub(crate) mod api_keys;
mod basic;
mod cookie;
mod known;
mod memory;
pub(crate) mod password;
mod refusal;
mod sessions;
mod throttle;
pub(crate) mod token;
mod users;
mod verifier;
mod who;

pub(crate) use api_keys::{ApiKeys, Shown};
pub(crate) use basic::Credentials;
pub(crate) use cookie::CookieForm;
pub(crate) use known::{Given, Known};
pub(crate) use refusal::Refusal;
pub(crate) use sessions::{Bounds as SessionBounds, Sessions};
pub(crate) use throttle::Throttle;
pub(crate) use users::{Account, Users};
pub(crate) use verifier::{Bounds as CheckBounds, Verdict, Verifier};
pub(crate) use who::Who;

use crate::clock::{self, Moment};
use basic::NoCredentials;
use cookie::Sent;
use known::CSRF_TOKEN;
use token::{Bearer, Token, TokenError, Tokens};

/// Everything that is needed to say who somebody is.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) users: Users,
    pub(crate) verifier: Verifier,
    pub(crate) sessions: Sessions,
    pub(crate) throttle: Throttle,
    pub(crate) cookie: CookieForm,
    /// Whether changing requests need a token.
    pub(crate) csrf: bool,
    /// `None` where tokens are not taken.
    pub(crate) tokens: Option<Tokens>,
}

/// What the head of a request says about its sender.
#[derive(Debug)]
pub(crate) enum Found {
    /// A user.
    Known(Known),
    /// Somebody who names a user; [`Login::check`] finds out.
    Unchecked(Unchecked),
    /// Nobody, with the refusal to give where somebody is needed.
    Nobody(Refusal),
    /// Nobody who may go on.
    Refused(Refusal),
}

/// A proof that takes a while to be checked.
#[derive(Debug)]
pub(crate) struct Unchecked(Proof);

#[derive(Debug)]
enum Proof {
    Password(Credentials),
    Token(Token),
}

impl Login {
    /// Reads the head of a request that came from `peer`.
    pub(crate) fn identify(&self, head: &request::Parts, peer: IpAddr, now: Moment) -> Found {
        if let Some(tokens) = &self.tokens {
            match token::token(head) {
                Ok(Some(token)) => return self.by_token(tokens, token, peer, now),
                Ok(None) => {}
                Err(error) => return Found::Refused(self.refuse_token(error, peer, now)),
            }
        }
        let cookie = self.cookie.read(&head.headers);
        let credentials = head.headers.get(AUTHORIZATION).map(basic::parse);
        match credentials {
            Some(Ok(credentials)) => match self.remembered(&credentials, now.at) {
                Some(account) => Found::Known(self.admit(account, cookie, now.at)),
                None => Found::Unchecked(Unchecked(Proof::Password(credentials))),
            },
            Some(Err(NoCredentials::Malformed)) => Found::Refused(Refusal::Malformed),
            Some(Err(NoCredentials::Scheme)) => {
                let refusal = Refusal::Scheme { bearer: self.tokens.is_some() };
                self.by_cookie(cookie, refusal, now.at)
            }
            None => self.by_cookie(cookie, Refusal::NoCredentials, now.at),
        }
    }

    /// Checks a proof that [`Login::identify`] could not vouch for.
    ///
    /// # Cancel safety
    ///
    /// A dropped future admits nobody; a check that runs already may still be counted.
    pub(crate) async fn check(
        &self,
        unchecked: Unchecked,
        headers: &HeaderMap,
        peer: IpAddr,
        now: Moment,
    ) -> Result<Known, Refusal> {
        match (unchecked.0, &self.tokens) {
            (Proof::Password(credentials), _) => {
                self.check_password(credentials, headers, peer, now.at).await
            }
            (Proof::Token(token), Some(tokens)) => {
                if !tokens.other_keys(now.at).await {
                    return Err(self.refuse_token(TokenError::UnknownKey, peer, now));
                }
                self.check_token(tokens, &token, peer, clock::moment())
            }
            (Proof::Token(_), None) => Err(Refusal::Scheme { bearer: false }),
        }
    }

    async fn check_password(
        &self,
        credentials: Credentials,
        headers: &HeaderMap,
        peer: IpAddr,
        now: Instant,
    ) -> Result<Known, Refusal> {
        let Credentials { user, password } = credentials;
        self.throttle.check(&user, peer, now).map_err(Refusal::TooManyFailures)?;
        let account = self.users.find(&user);
        let hash = account.map(|account| account.hash.clone());
        match (self.verifier.verify(hash, password).await, account) {
            (Verdict::Right, Some(account)) => {
                let cookie = self.cookie.read(headers);
                let known = self.admit(Arc::clone(account), cookie, now);
                Ok(Known { outcome: Some("right"), ..known })
            }
            (Verdict::Busy, _) => Err(Refusal::Busy),
            (Verdict::Right | Verdict::Wrong, _) => {
                self.throttle.failed(&user, peer, now);
                Err(Refusal::Wrong)
            }
        }
    }

    /// A token that was right before never meets the throttle.
    fn by_token(&self, tokens: &Tokens, token: Token, peer: IpAddr, now: Moment) -> Found {
        if let Some(bearer) = tokens.remembered(&token, now.at) {
            return match self.vouch(tokens, bearer) {
                Ok(known) => Found::Known(known),
                Err(refusal) => Found::Refused(refusal),
            };
        }
        match self.check_token(tokens, &token, peer, now) {
            Ok(known) => Found::Known(known),
            Err(Refusal::Token(TokenError::UnknownKey)) => {
                Found::Unchecked(Unchecked(Proof::Token(token)))
            }
            Err(refusal) => Found::Refused(refusal),
        }
    }

    fn check_token(
        &self,
        tokens: &Tokens,
        token: &Token,
        peer: IpAddr,
        now: Moment,
    ) -> Result<Known, Refusal> {
        self.throttle.check_address(peer, now.at).map_err(Refusal::TooManyFailures)?;
        let bearer =
            tokens.check(token, now).map_err(|error| self.refuse_token(error, peer, now))?;
        let known = self.vouch(tokens, bearer)?;
        Ok(Known { outcome: Some("token"), ..known })
    }

    fn vouch(&self, tokens: &Tokens, bearer: Bearer) -> Result<Known, Refusal> {
        let account = self.users.find(bearer.user.as_str()).cloned();
        if account.is_none() && !tokens.takes_any_user() {
            return Err(Refusal::NotConfigured);
        }
        Ok(Known::new(Who::bearer(bearer, account), Given::default()))
    }

    /// Counts an API key that is none of ours. One that is does not get here, so nobody is locked
    /// out by others.
    pub(crate) fn refuse_key(&self, peer: IpAddr, now: Moment) -> Refusal {
        match self.throttle.check_address(peer, now.at) {
            Ok(()) => {
                self.throttle.failed_from(peer, now.at);
                Refusal::Key
            }
            Err(wait) => Refusal::TooManyFailures(wait),
        }
    }

    fn refuse_token(&self, error: TokenError, peer: IpAddr, now: Moment) -> Refusal {
        if error.is_forgery() {
            self.throttle.failed_from(peer, now.at);
        }
        Refusal::Token(error)
    }

    /// Refuses a changing request without its session's token, if protection is on.
    pub(crate) fn guard_csrf(
        &self,
        known: &Known,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if !self.csrf || method.is_safe() || known.who.bears_token() {
            return Ok(());
        }
        let sent = headers.get(CSRF_TOKEN).map(HeaderValue::as_bytes);
        match (&known.given.csrf_token, sent) {
            (Some(token), Some(sent)) if bool::from(token.as_bytes().ct_eq(sent)) => Ok(()),
            _ => Err(Refusal::Csrf),
        }
    }

    /// Ends the session a request came with; the answer then takes its cookie back.
    pub(crate) fn end_session(&self, given: &mut Given) {
        if let Some(session) = given.session.take() {
            self.sessions.end(&session);
        }
        given.csrf_token = None;
        given.set_cookie = self.cookie.take_back();
    }

    fn remembered(&self, credentials: &Credentials, now: Instant) -> Option<Arc<Account>> {
        let account = self.users.find(&credentials.user)?;
        self.verifier
            .remembers(account.hash.as_str(), &credentials.password, now)
            .then(|| Arc::clone(account))
    }

    fn by_cookie(&self, cookie: Sent, otherwise: Refusal, now: Instant) -> Found {
        let id = match cookie {
            Sent::Nothing => return Found::Nobody(otherwise),
            Sent::Stranger => return Found::Nobody(Refusal::SessionOver),
            Sent::Id(id) => id,
        };
        match self.sessions.find(&id, now) {
            Some(login) => {
                let csrf_token = Some(login.csrf_token);
                let given = Given { session: Some(id), csrf_token, set_cookie: None };
                Found::Known(Known::new(Who::owner(login.account), given))
            }
            None => Found::Nobody(Refusal::SessionOver),
        }
    }

    fn admit(&self, account: Arc<Account>, cookie: Sent, now: Instant) -> Known {
        if let Sent::Id(id) = cookie
            && let Some(login) = self.sessions.find(&id, now)
            && login.account.name == account.name
        {
            let csrf_token = Some(login.csrf_token);
            let given = Given { session: Some(id), csrf_token, set_cookie: None };
            return Known::new(Who::owner(account), given);
        }
        let given = self.sessions.start(&account, now).map(|(id, login)| Given {
            set_cookie: self.cookie.give(&id),
            session: Some(id),
            csrf_token: Some(login.csrf_token),
        });
        Known::new(Who::owner(account), given.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
