//! Who sends a request: HTTP Basic once, a session cookie after that.
//!
//! | A request with           | is                                                              |
//! |--------------------------|-----------------------------------------------------------------|
//! | credentials              | their user, once they are found right; a cookie of that user    |
//! |                          | goes on, otherwise a new one is given                           |
//! | a live cookie            | the cookie's user                                               |
//! | neither                  | nobody; what that means is up to whoever asked                  |
//!
//! Wrong credentials are refused even where a cookie would do: whoever sends them means them.
//! [`Login::identify`] needs no await for a cookie and for credentials that were right lately,
//! which is every poll; only [`Login::check`] goes to a blocking thread.
//!
//! With CSRF protection on, a request that changes something must carry the token of its session,
//! and any GET tells it (see [`Known::tell_csrf_token`]).
//!
//! # Sources
//!
//! Documented and observed: the GWS behaviours named in `refusal`, `cookie` and `basic`; the
//! header names of CSRF protection from the GWS deployment guide.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::{AUTHORIZATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use subtle::ConstantTimeEq;

mod basic;
mod cookie;
pub(crate) mod password;
mod refusal;
mod sessions;
mod throttle;
mod users;
mod verifier;

pub(crate) use basic::Credentials;
pub(crate) use cookie::CookieForm;
pub(crate) use refusal::Refusal;
pub(crate) use sessions::{Bounds as SessionBounds, Sessions};
pub(crate) use throttle::Throttle;
pub(crate) use users::{Account, Users};
pub(crate) use verifier::{Bounds as CheckBounds, Verdict, Verifier};

use basic::NoCredentials;
use cookie::Sent;
use sessions::SessionId;

const CSRF_HEADER_NAME: &str = "x-csrf-header";
const CSRF_TOKEN: &str = "x-csrf-token";

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
}

/// What the head of a request says about its sender.
#[derive(Debug)]
pub(crate) enum Found {
    /// A user.
    Known(Known),
    /// Somebody who names a user; [`Login::check`] finds out.
    Unchecked(Credentials),
    /// Nobody, with the refusal to give where somebody is needed.
    Nobody(Refusal),
    /// Nobody who may go on.
    Refused(Refusal),
}

/// A user, and the browser session they came with or were given.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) account: Arc<Account>,
    session: Option<SessionId>,
    csrf_token: Option<Arc<str>>,
    set_cookie: Option<HeaderValue>,
}

impl Login {
    /// Reads the head of a request.
    pub(crate) fn identify(&self, headers: &HeaderMap, now: Instant) -> Found {
        let cookie = self.cookie.read(headers);
        let credentials = headers.get(AUTHORIZATION).map(basic::parse);
        match credentials {
            Some(Ok(credentials)) => match self.remembered(&credentials, now) {
                Some(account) => Found::Known(self.admit(account, cookie, now)),
                None => Found::Unchecked(credentials),
            },
            Some(Err(NoCredentials::Malformed)) => Found::Refused(Refusal::Malformed),
            Some(Err(NoCredentials::Scheme)) => self.by_cookie(cookie, Refusal::Scheme, now),
            None => self.by_cookie(cookie, Refusal::NoCredentials, now),
        }
    }

    /// Checks credentials that [`Login::identify`] could not vouch for.
    ///
    /// # Cancel safety
    ///
    /// A dropped future admits nobody; a check that runs already may still be counted.
    pub(crate) async fn check(
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
                Ok(self.admit(Arc::clone(account), cookie, now))
            }
            (Verdict::Busy, _) => Err(Refusal::Busy),
            (Verdict::Right | Verdict::Wrong, _) => {
                self.throttle.failed(&user, peer, now);
                Err(Refusal::Wrong)
            }
        }
    }

    /// Refuses a changing request without its session's token, if protection is on.
    pub(crate) fn guard_csrf(
        &self,
        known: &Known,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if !self.csrf || method.is_safe() {
            return Ok(());
        }
        let sent = headers.get(CSRF_TOKEN).map(HeaderValue::as_bytes);
        match (&known.csrf_token, sent) {
            (Some(token), Some(sent)) if bool::from(token.as_bytes().ct_eq(sent)) => Ok(()),
            _ => Err(Refusal::Csrf),
        }
    }

    /// Ends the session a request came with; the answer then takes its cookie back.
    pub(crate) fn end_session(&self, known: &mut Known) {
        if let Some(session) = known.session.take() {
            self.sessions.end(&session);
        }
        known.csrf_token = None;
        known.set_cookie = self.cookie.take_back();
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
            Some(login) => Found::Known(Known {
                account: login.account,
                session: Some(id),
                csrf_token: Some(login.csrf_token),
                set_cookie: None,
            }),
            None => Found::Nobody(Refusal::SessionOver),
        }
    }

    fn admit(&self, account: Arc<Account>, cookie: Sent, now: Instant) -> Known {
        if let Sent::Id(id) = cookie
            && let Some(login) = self.sessions.find(&id, now)
            && login.account.name == account.name
        {
            return Known {
                account,
                session: Some(id),
                csrf_token: Some(login.csrf_token),
                set_cookie: None,
            };
        }
        let Some((id, login)) = self.sessions.start(&account, now) else {
            return Known { account, session: None, csrf_token: None, set_cookie: None };
        };
        Known {
            account,
            set_cookie: self.cookie.give(&id),
            session: Some(id),
            csrf_token: Some(login.csrf_token),
        }
    }
}

impl Known {
    /// Puts the new cookie, or the end of the old one, into a response.
    pub(crate) fn give_cookie(&self, headers: &mut HeaderMap) {
        if let Some(cookie) = &self.set_cookie {
            headers.append(SET_COOKIE, cookie.clone());
        }
    }

    /// Tells the session's CSRF token and the name of the header to send it in.
    pub(crate) fn tell_csrf_token(&self, headers: &mut HeaderMap) {
        let token = self.csrf_token.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(token)) = token {
            headers.insert(CSRF_HEADER_NAME, HeaderValue::from_static("X-CSRF-TOKEN"));
            headers.insert(CSRF_TOKEN, token);
        }
    }
}

#[cfg(test)]
mod tests;
