//! Browser sessions: what the cookie stands for.
//!
//! A session is made when credentials were right and no cookie came with them. Until its cookie
//! comes back once it is *unconfirmed*: a client that keeps no cookies makes one with each
//! request, so those live shortly and are the ones that give way when a user has too many. When
//! there is no room at all, the login gets no cookie; it is not refused.
//!
//! Ids are 160 random bits and looked up in a map with a keyed hash; they are never logged.
//!
//! Shape: a handle over one mutex, held for a few map operations.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::users::Account;
use crate::hex;

/// Bounds of [`Sessions`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) max_inactive: Duration,
    pub(crate) unconfirmed: Duration,
    pub(crate) max_sessions: usize,
    pub(crate) max_per_user: usize,
}

/// Name of one session, as the cookie has it.
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct SessionId([u8; 20]);

impl SessionId {
    fn random() -> Option<Self> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Reads a cookie's value; `None` for what we never gave out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        hex::bytes(text).map(Self)
    }

    /// The cookie's value.
    pub(crate) fn to_text(&self) -> String {
        hex::digits(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// What a live cookie says.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) account: Arc<Account>,
    /// Token that a changing request must carry while CSRF protection is on.
    pub(crate) csrf_token: Arc<str>,
}

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<SessionId, Session>,
    users: HashMap<Arc<str>, OfUser>,
}

#[derive(Debug)]
struct Session {
    login: Login,
    used_at: Instant,
    confirmed: bool,
}

#[derive(Debug, Default)]
struct OfUser {
    count: usize,
    /// Oldest first; confirmed and ended ones stay in it until they reach the front.
    unconfirmed: VecDeque<SessionId>,
}

impl Sessions {
    /// No sessions yet.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, state: Mutex::default() }
    }

    /// Makes a session, or none if there is no room for one.
    pub(crate) fn start(&self, account: &Arc<Account>, now: Instant) -> Option<(SessionId, Login)> {
        let id = SessionId::random()?;
        let login =
            Login { account: Arc::clone(account), csrf_token: Uuid::new_v4().to_string().into() };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.make_room(&account.name, &self.bounds)?;
        let of_user = state.users.entry(Arc::clone(&account.name)).or_default();
        of_user.count += 1;
        of_user.unconfirmed.push_back(id.clone());
        state
            .sessions
            .insert(id.clone(), Session { login: login.clone(), used_at: now, confirmed: false });
        Some((id, login))
    }

    /// The login a cookie stands for; being looked up keeps it alive.
    pub(crate) fn find(&self, id: &SessionId, now: Instant) -> Option<Login> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let session = state.sessions.get_mut(id)?;
        if session.is_over(&self.bounds, now) {
            state.remove(id);
            return None;
        }
        session.used_at = now;
        session.confirmed = true;
        Some(session.login.clone())
    }

    /// Ends a session. `false` if there was none.
    pub(crate) fn end(&self, id: &SessionId) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.remove(id)
    }

    /// Removes what is over. Called every few seconds by the server's housekeeping.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<SessionId> = state
            .sessions
            .iter()
            .filter(|(_, session)| session.is_over(&self.bounds, now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            state.remove(&id);
        }
        let State { sessions, users } = &mut *state;
        for of_user in users.values_mut() {
            of_user.unconfirmed.retain(|id| sessions.contains_key(id));
        }
    }

    /// Sessions alive, for the metrics.
    pub(crate) fn count(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sessions.len()
    }
}

impl State {
    fn make_room(&mut self, user: &str, bounds: &Bounds) -> Option<()> {
        let of_user = self.users.get(user).map_or(0, |of_user| of_user.count);
        if of_user < bounds.max_per_user && self.sessions.len() < bounds.max_sessions {
            return Some(());
        }
        while let Some(id) = self.users.get_mut(user)?.unconfirmed.pop_front() {
            if self.sessions.get(&id).is_some_and(|session| !session.confirmed) {
                self.remove(&id);
                return Some(());
            }
        }
        None
    }

    fn remove(&mut self, id: &SessionId) -> bool {
        let Some(session) = self.sessions.remove(id) else {
            return false;
        };
        let user = &session.login.account.name;
        if let Some(of_user) = self.users.get_mut(user) {
            of_user.count -= 1;
            if of_user.count == 0 {
                self.users.remove(user);
            }
        }
        true
    }
}

impl Session {
    fn is_over(&self, bounds: &Bounds, now: Instant) -> bool {
        let limit = if self.confirmed { bounds.max_inactive } else { bounds.unconfirmed };
        now.saturating_duration_since(self.used_at) >= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn sessions(max_sessions: usize, max_per_user: usize) -> Sessions {
        Sessions::new(Bounds {
            max_inactive: Duration::from_secs(1_800),
            unconfirmed: Duration::from_secs(300),
            max_sessions,
            max_per_user,
        })
    }

    fn account(name: &str) -> Arc<Account> {
        Arc::new(Account::for_test(name))
    }

    #[test]
    fn cookie_text_reads_back_and_strange_text_does_not() {
        let id = SessionId::random().unwrap();
        assert_eq!(id.to_text().len(), 40);
        assert_eq!(SessionId::parse(&id.to_text()), Some(id));
        for strange in ["", "+f", &"+f".repeat(20), &"z".repeat(40), &"a".repeat(41)] {
            assert_eq!(SessionId::parse(strange), None, "{strange}");
        }
    }

    #[test]
    fn session_lives_as_long_as_it_is_used() {
        let sessions = sessions(10, 10);
        let start = clock::now();
        let (id, _) = sessions.start(&account("alice"), start).unwrap();
        let used = start + Duration::from_secs(299);
        assert_eq!(&*sessions.find(&id, used).unwrap().account.name, "alice");
        let later = used + Duration::from_secs(1_799);
        assert!(sessions.find(&id, later).is_some());
        let late = later + Duration::from_secs(1_800);
        assert!(sessions.find(&id, late).is_none());
        assert_eq!(sessions.count(), 0);
    }

    #[test]
    fn session_whose_cookie_never_came_back_goes_early() {
        let sessions = sessions(10, 10);
        let start = clock::now();
        let (id, _) = sessions.start(&account("alice"), start).unwrap();
        sessions.sweep(start + Duration::from_secs(299));
        assert_eq!(sessions.count(), 1);
        sessions.sweep(start + Duration::from_secs(300));
        assert_eq!(sessions.count(), 0);
        assert!(!sessions.end(&id));
        assert!(sessions.state.lock().unwrap().users.is_empty());
    }

    #[test]
    fn full_user_loses_the_oldest_unconfirmed_session_only() {
        let sessions = sessions(10, 2);
        let now = clock::now();
        let alice = account("alice");
        let (kept, _) = sessions.start(&alice, now).unwrap();
        assert!(sessions.find(&kept, now).is_some());
        let (lost, _) = sessions.start(&alice, now).unwrap();
        let (next, _) = sessions.start(&alice, now).unwrap();
        assert!(sessions.find(&kept, now).is_some());
        assert!(sessions.find(&lost, now).is_none());
        assert!(sessions.find(&next, now).is_some());
        assert!(sessions.start(&alice, now).is_none(), "all are in use");
        assert!(sessions.start(&account("bob"), now).is_some());
    }

    #[test]
    fn full_house_gives_no_cookie() {
        let sessions = sessions(1, 10);
        let now = clock::now();
        assert!(sessions.start(&account("alice"), now).is_some());
        assert!(sessions.start(&account("bob"), now).is_none());
    }

    #[test]
    fn ended_session_is_unknown() {
        let sessions = sessions(10, 10);
        let now = clock::now();
        let (id, _) = sessions.start(&account("alice"), now).unwrap();
        assert!(sessions.end(&id));
        assert!(sessions.find(&id, now).is_none());
    }
}
