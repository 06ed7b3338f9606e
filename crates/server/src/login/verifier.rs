//! Checks passwords against argon2 hashes, off the async threads, and remembers what was right.
//!
//! A check costs tens of milliseconds and megabytes by design, so: at most `parallel` run at a
//! time on blocking threads, at most `waiting` wait for one, and whoever comes after that is told
//! to come back. What was right is remembered under a keyed hash of password hash and password, so
//! the next request, and every poll, costs microseconds. A changed password hash is another key:
//! nothing needs to be taken back.
//!
//! An unknown user is checked against a decoy, so that time does not tell who exists.
//!
//! Shape: a handle over a semaphore and a [`Memory`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::password_hash::PasswordHashString;
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use tokio::sync::Semaphore;

use super::memory::{Fingerprint, Memory};
use crate::clock;

/// How a check ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The password belongs to the hash.
    Right,
    /// It does not, or there is no such user.
    Wrong,
    /// Too many checks wait already; nothing was checked.
    Busy,
}

/// Bounds of a [`Verifier`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) parallel: usize,
    pub(crate) waiting: usize,
    pub(crate) ttl: Duration,
    pub(crate) entries: usize,
}

/// Checks and remembers.
#[derive(Debug)]
pub(crate) struct Verifier {
    permits: Arc<Semaphore>,
    queued: AtomicUsize,
    bounds: Bounds,
    decoy: PasswordHashString,
    memory: Memory<()>,
}

impl Verifier {
    /// A verifier with a fresh key. `decoy` is the hash that unknown users are checked against.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub(crate) fn new(decoy: PasswordHashString, bounds: Bounds) -> Result<Self, getrandom::Error> {
        Ok(Self {
            permits: Arc::new(Semaphore::new(bounds.parallel.max(1))),
            queued: AtomicUsize::new(0),
            memory: Memory::new(bounds.entries)?,
            bounds,
            decoy,
        })
    }

    /// Whether this pair was right lately; if so it is remembered for another while.
    pub(crate) fn remembers(&self, hash: &str, password: &[u8], now: Instant) -> bool {
        let fingerprint = self.fingerprint(hash, password);
        self.memory.prolong(&fingerprint, now, now + self.bounds.ttl).is_some()
    }

    /// Remembers a pair that is known to be right.
    pub(crate) fn remember(&self, hash: &str, password: &[u8], now: Instant) {
        let fingerprint = self.fingerprint(hash, password);
        self.memory.keep(fingerprint, (), now, now + self.bounds.ttl);
    }

    /// Checks `password` against `hash`, or against the decoy where there is no such user.
    ///
    /// # Cancel safety
    ///
    /// A dropped future gives its place in the queue back; a check that runs already runs on.
    pub(crate) async fn verify(
        &self,
        hash: Option<PasswordHashString>,
        password: Vec<u8>,
    ) -> Verdict {
        let Some(_place) = Place::take(&self.queued, self.bounds.waiting + self.bounds.parallel)
        else {
            return Verdict::Busy;
        };
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
            return Verdict::Busy;
        };
        // The same pair may have been checked while this one waited: a desk opens many requests.
        if let Some(hash) = &hash
            && self.remembers(hash.as_str(), &password, clock::now())
        {
            return Verdict::Right;
        }
        let known = hash.is_some();
        let stored = hash.unwrap_or_else(|| self.decoy.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let right = matches(&stored.password_hash(), &password);
            drop(permit);
            (right, stored, password)
        })
        .await;
        match checked {
            Ok((true, stored, password)) if known => {
                self.remember(stored.as_str(), &password, clock::now());
                Verdict::Right
            }
            Ok(_) => Verdict::Wrong,
            // The runtime is going away, or the check panicked and the panic was printed.
            Err(_) => Verdict::Busy,
        }
    }

    /// A PHC string holds no zero byte.
    fn fingerprint(&self, hash: &str, password: &[u8]) -> Fingerprint {
        self.memory.fingerprint(&[hash.as_bytes(), password])
    }
}

/// Parameters come from the hash; the instance below only says which algorithms exist.
fn matches(hash: &PasswordHash<'_>, password: &[u8]) -> bool {
    Argon2::default().verify_password(password, hash).is_ok()
}

/// A place in the queue of checks, given back on drop.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(queued: &'a AtomicUsize, limit: usize) -> Option<Self> {
        queued
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < limit).then_some(count + 1)
            })
            .ok()
            .map(|_| Self(queued))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::password;

    fn verifier(waiting: usize) -> Verifier {
        Verifier::new(
            password::hash_cheaply(b"decoy").unwrap(),
            Bounds { parallel: 1, waiting, ttl: Duration::from_secs(60), entries: 10 },
        )
        .unwrap()
    }

    #[tokio::test]
    async fn right_password_is_remembered_and_wrong_is_not() {
        let verifier = verifier(1);
        let hash = password::hash_cheaply(b"demo").unwrap();
        let verdict = verifier.verify(Some(hash.clone()), b"nope".to_vec()).await;
        assert_eq!(verdict, Verdict::Wrong);
        assert!(!verifier.remembers(hash.as_str(), b"nope", clock::now()));
        let verdict = verifier.verify(Some(hash.clone()), b"demo".to_vec()).await;
        assert_eq!(verdict, Verdict::Right);
        assert!(verifier.remembers(hash.as_str(), b"demo", clock::now()));
    }

    #[tokio::test]
    async fn unknown_user_is_wrong_even_with_the_decoys_password() {
        let verdict = verifier(1).verify(None, b"decoy".to_vec()).await;
        assert_eq!(verdict, Verdict::Wrong);
    }

    #[tokio::test]
    async fn full_queue_is_busy() {
        let verifier = verifier(0);
        let held = Arc::clone(&verifier.permits).acquire_owned().await.unwrap();
        let first = verifier.verify(None, Vec::new());
        tokio::pin!(first);
        assert!(futures::poll!(first.as_mut()).is_pending());
        assert_eq!(verifier.verify(None, Vec::new()).await, Verdict::Busy);
        drop(held);
        assert_eq!(first.await, Verdict::Wrong);
        assert_eq!(verifier.verify(None, Vec::new()).await, Verdict::Wrong);
    }

    #[test]
    fn right_pair_is_remembered_for_a_while_after_its_last_use() {
        let verifier = verifier(1);
        let start = clock::now();
        verifier.remember("h", b"p", start);
        assert!(verifier.remembers("h", b"p", start + Duration::from_secs(59)));
        assert!(
            verifier.remembers("h", b"p", start + Duration::from_secs(118)),
            "use keeps it alive"
        );
        assert!(!verifier.remembers("h", b"p", start + Duration::from_secs(179)));
    }
}
