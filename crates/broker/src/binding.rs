//! How the browser cookie binds an anonymous session.
//!
//! A client id is a secret, and a client that keeps cookies has to show the one it was given
//! besides. Whether it keeps cookies is learnt from its first request after the handshake, unless
//! the configuration wants it one way or the other. Sessions of authenticated users are bound to the
//! user instead. A socket keeps no cookie that it is offered, so none is asked of it; and it shows
//! for its whole life what its upgrade did, which may have been before the handshake, so one without
//! a cookie is let in unless cookies are required, or a policy named the session's user.
//!
//! # Sources
//!
//! Observed: CometD refuses every request without the cookie, and with it clients that keep none,
//! such as those that refuse cookies of IP addresses; over a socket the client id is enough for it.
//! Faye 1.4 opens its socket, shakes hands by POST, which brings the cookie, and goes on over the
//! socket (the interop tests).

use encke_bayeux::BrowserId;

/// Whether an anonymous client has to show the browser cookie of its handshake.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CookieBinding {
    /// If its first POST after the handshake does, so do all others. A socket without a cookie is let
    /// in, but not where a policy named the session's user.
    #[default]
    Learnt,
    /// Always, as CometD has it: clients that keep no cookies cannot connect.
    Required,
    /// Never: the client id alone opens the session. CometD: `trustClientSession`.
    Ignored,
}

#[derive(Debug)]
pub(crate) enum Binding {
    /// The cookie was set by the handshake's reply; the next request shows whether it is kept.
    Offered(BrowserId),
    /// The client keeps the cookie, so every POST must show it.
    Kept(BrowserId),
    /// The configuration wants it shown by everything that could.
    Required(BrowserId),
    /// The client keeps no cookies; its client id alone has to do.
    Cookieless,
}

impl Binding {
    /// After a handshake that showed one browser id, or was offered one.
    pub(crate) fn new(
        shown: Option<BrowserId>,
        offered: Option<BrowserId>,
        wanted: CookieBinding,
    ) -> Self {
        match (wanted, shown, offered) {
            (CookieBinding::Ignored, _, _) | (_, None, None) => Self::Cookieless,
            (CookieBinding::Required, Some(browser), _)
            | (CookieBinding::Required, None, Some(browser)) => Self::Required(browser),
            (CookieBinding::Learnt, Some(browser), _) => Self::Kept(browser),
            (CookieBinding::Learnt, None, Some(browser)) => Self::Offered(browser),
        }
    }

    /// The same browser id, shared with the session's own where it is that.
    pub(crate) fn share(&self, browser: &BrowserId) -> BrowserId {
        match self {
            Self::Offered(own) | Self::Kept(own) | Self::Required(own) if own == browser => {
                own.clone()
            }
            _ => browser.clone(),
        }
    }

    /// Whether a request with this cookie, or what comes over a socket opened with it, may use the
    /// session.
    pub(crate) fn admits(&mut self, browser: Option<&BrowserId>, socket: bool) -> bool {
        match (&*self, browser) {
            (Self::Cookieless, _) => true,
            (Self::Kept(kept) | Self::Required(kept), Some(shown)) => kept == shown,
            (Self::Offered(offered), Some(shown)) if offered == shown => {
                *self = Self::Kept(shown.clone());
                true
            }
            (Self::Offered(_) | Self::Kept(_), None) if socket => true,
            (Self::Kept(_) | Self::Required(_), None) | (Self::Offered(_), Some(_)) => false,
            (Self::Offered(_), None) => {
                *self = Self::Cookieless;
                true
            }
        }
    }
}
