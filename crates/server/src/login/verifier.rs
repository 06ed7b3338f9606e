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
//! Shape: a handle over one mutex (the memory), held for a map look-up; never across an await.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::PasswordHashString;
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use blake2::Blake2sMac256;
use blake2::digest::{FixedOutput, KeyInit, Update};
use tokio::sync::Semaphore;

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
    key: [u8; 32],
    decoy: PasswordHashString,
    memory: Mutex<HashMap<Fingerprint, Instant>>,
}

/// Keyed hash of a password hash and a password.
type Fingerprint = [u8; 32];

impl Verifier {
    /// A verifier with a fresh key. `decoy` is the hash that unknown users are checked against.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub(crate) fn new(decoy: PasswordHashString, bounds: Bounds) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(bounds.parallel.max(1))),
            queued: AtomicUsize::new(0),
            bounds,
            key,
            decoy,
            memory: Mutex::new(HashMap::new()),
        })
    }

    /// Whether this pair was right lately; if so it is remembered for another while.
    pub(crate) fn remembers(&self, hash: &str, password: &[u8], now: Instant) -> bool {
        let fingerprint = self.fingerprint(hash, password);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match memory.get_mut(&fingerprint) {
            Some(until) if *until > now => {
                *until = now + self.bounds.ttl;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Remembers a pair that is known to be right.
    pub(crate) fn remember(&self, hash: &str, password: &[u8], now: Instant) {
        let fingerprint = self.fingerprint(hash, password);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= self.bounds.entries {
            make_room(&mut memory, now);
        }
        memory.insert(fingerprint, now + self.bounds.ttl);
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

    fn fingerprint(&self, hash: &str, password: &[u8]) -> Fingerprint {
        let mut mac = Blake2sMac256::new(&self.key.into());
        mac.update(hash.as_bytes());
        // A PHC string holds no zero byte, so the two parts cannot run into each other.
        mac.update(&[0]);
        mac.update(password);
        mac.finalize_fixed().into()
    }
}

/// Parameters come from the hash; the instance below only says which algorithms exist.
fn matches(hash: &PasswordHash<'_>, password: &[u8]) -> bool {
    Argon2::default().verify_password(password, hash).is_ok()
}

fn make_room(memory: &mut HashMap<Fingerprint, Instant>, now: Instant) {
    let before = memory.len();
    memory.retain(|_, until| *until > now);
    if memory.len() < before {
        return;
    }
    let mut untils: Vec<Instant> = memory.values().copied().collect();
    let tenth = untils.len() / 10;
    let (_, limit, _) = untils.select_nth_unstable(tenth);
    let limit = *limit;
    memory.retain(|_, until| *until > limit);
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
    fn memory_fades_after_its_time_and_stays_bounded() {
        let verifier = verifier(1);
        let start = clock::now();
        verifier.remember("h", b"p", start);
        assert!(verifier.remembers("h", b"p", start + Duration::from_secs(59)));
        assert!(
            verifier.remembers("h", b"p", start + Duration::from_secs(118)),
            "use keeps it alive"
        );
        assert!(!verifier.remembers("h", b"p", start + Duration::from_secs(179)));
        for n in 0..100_u64 {
            verifier.remember("h", &n.to_be_bytes(), start + Duration::from_millis(n));
        }
        let kept = verifier.memory.lock().unwrap().len();
        assert!(kept <= 10, "{kept}");
        assert!(verifier.remembers("h", &99_u64.to_be_bytes(), start));
    }
}
