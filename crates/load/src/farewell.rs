//! Sessions leave, so that the next run finds a clean server.
//!
//! Their own connections are gone by then, with a poll unanswered on each. A few fresh ones carry
//! one `/meta/disconnect` per session. What fails here is nobody's trouble: the server removes a
//! session that has gone silent by itself.

use std::time::Duration;

use crate::clock;
use crate::request;
use crate::session::{Identity, Session};
use crate::turns::Turns;

/// Connections that say farewell.
const CONNECTIONS: usize = 8;

/// Longest time it may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Tells the server that these sessions leave.
pub(crate) fn say(identities: &[Identity]) {
    let share = identities.len().div_ceil(CONNECTIONS).max(1);
    let end = clock::now() + LIMIT;
    std::thread::scope(|scope| {
        for identities in identities.chunks(share) {
            scope.spawn(move || {
                let Some(first) = identities.first() else { return };
                let mut turns = Turns::new(first.target.address());
                for identity in identities {
                    // Whoever is not done by then is left to the server.
                    if clock::now() > end {
                        return;
                    }
                    let body = Session::disconnect(identity);
                    drop(turns.ask(&request::post(&identity.target, &identity.cookies, &body)));
                }
            });
        }
    });
}
