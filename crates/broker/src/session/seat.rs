//! How many connects of one browser may be held.
//!
//! A browser opens few connections to one server, and each connect that is held takes one of them:
//! of many tabs only some may wait, the others are told to poll. A connect that is held has a seat of
//! its browser and gives it back when it is released. A newer connect of the same session takes the
//! seat over.
//!
//! # Sources
//!
//! Documented: CometD's `maxSessionsPerBrowser` and `multiSessionInterval`.

use std::sync::Arc;

use encke_bayeux::BrowserId;

use crate::binding::Binding;
use crate::tally::{Seat, Tally};

/// How many connects of a browser may be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seats<'a> {
    pub(crate) tally: &'a Arc<Tally<BrowserId>>,
    /// `None` keeps no cookies, so there is nothing to count.
    pub(crate) browser: Option<&'a BrowserId>,
    pub(crate) most: usize,
}

impl Seats<'_> {
    /// A seat for a connect that is held, `Some(None)` for one that does not count; `None` where all
    /// are taken.
    #[expect(clippy::option_option, reason = "what counts and what may wait are two questions")]
    pub(super) fn seat(&self, binding: &Binding) -> Option<Option<Seat<BrowserId>>> {
        match self.browser {
            None => (self.most > 0).then_some(None),
            Some(browser) => self.tally.take(binding.share(browser), self.most).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::CookieBinding;

    #[test]
    fn a_browser_has_so_many_seats_and_gets_them_back() {
        let tally = Tally::new();
        let [one, other] = [1, 2].map(|byte| BrowserId::from_random([byte; 20]));
        let binding = Binding::new(Some(one.clone()), None, CookieBinding::Learnt);
        let seats = |browser| Seats { tally: &tally, browser: Some(browser), most: 1 };
        let seat = seats(&one).seat(&binding).unwrap();
        assert!(seat.is_some());
        assert!(seats(&one).seat(&binding).is_none());
        assert!(seats(&other).seat(&binding).is_some());
        drop(seat);
        assert!(seats(&one).seat(&binding).is_some());
    }

    #[test]
    fn who_keeps_no_cookies_waits_uncounted_unless_nobody_may() {
        let tally = Tally::new();
        let binding = Binding::new(None, None, CookieBinding::Learnt);
        let seats = |most| Seats { tally: &tally, browser: None, most };
        for _ in 0..3 {
            assert!(seats(1).seat(&binding).is_some_and(|seat| seat.is_none()));
        }
        assert!(seats(0).seat(&binding).is_none());
    }
}
