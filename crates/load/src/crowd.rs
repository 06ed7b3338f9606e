//! Many polling sessions: brought up a few at a time, counted, and dismissed together.
//!
//! # Ownership
//!
//! Each session is a task that owns its connection and its [`Listener`]. The crowd owns the tasks:
//! [`Crowd::dismiss`] ends them and gives the listeners back, dropping it aborts them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::task::JoinSet;

use crate::clock;
use crate::farewell;
use crate::run::Common;
use crate::session::{Gauges, Identity, Listener, Session, SessionError};
use crate::source;
use crate::stop::{Stop, Stopper, stop};
use crate::target::Target;
use crate::troubles::Troubles;

/// Time between two looks at a gauge.
const GLANCE: Duration = Duration::from_millis(5);

/// Sessions that poll.
#[derive(Debug)]
pub(crate) struct Crowd<L> {
    tasks: JoinSet<Member<L>>,
    gauges: Arc<Gauges>,
    troubles: Arc<Troubles>,
    dismissal: (Stopper, Stop),
}

/// What is left of a session.
#[derive(Debug)]
struct Member<L> {
    /// `None` if the session failed, so that there is nobody to say farewell for.
    identity: Option<Identity>,
    listener: L,
}

impl<L: Listener> Crowd<L> {
    /// Nobody yet.
    pub(crate) fn new(troubles: Arc<Troubles>) -> Self {
        Self { tasks: JoinSet::new(), gauges: Arc::default(), troubles, dismissal: stop() }
    }

    /// Brings up the sessions of a run, each subscribed and polling. Sessions that fail are noted.
    ///
    /// Ends early when the run is stopped or the ramp has taken too long.
    pub(crate) async fn gather(
        &mut self,
        common: &Common,
        stop: &mut Stop,
        mut listener: impl FnMut() -> L,
    ) {
        let target = Arc::new(common.target.clone());
        let mut opening = stream::iter(0..common.sessions)
            .map(|number| open(&target, number, common))
            .buffer_unordered(common.ramp.at_once);
        let mut limit = std::pin::pin!(tokio::time::sleep(common.ramp.limit));
        let mut settled = 0;
        loop {
            let opened = tokio::select! {
                opened = opening.next() => opened,
                () = &mut limit => {
                    let left = common.sessions.saturating_sub(settled) as u64;
                    self.troubles.note_many(&"not up within the time of the ramp", left);
                    return;
                }
                () = stop.stopped() => return,
            };
            settled += 1;
            match opened {
                Some(Ok(session)) => self.admit(session, listener()),
                Some(Err(error)) => self.troubles.note(&error),
                None => return,
            }
        }
    }

    /// Lets a session poll from now on.
    pub(crate) fn admit(&mut self, mut session: Session, mut listener: L) {
        let gauges = Arc::clone(&self.gauges);
        let troubles = Arc::clone(&self.troubles);
        let mut dismissed = self.dismissal.1.clone();
        gauges.alive.fetch_add(1, Ordering::Relaxed);
        self.tasks.spawn(async move {
            let failed = tokio::select! {
                biased;
                error = session.listen(&gauges, &mut listener) => Some(error),
                () = dismissed.stopped() => None,
            };
            gauges.alive.fetch_sub(1, Ordering::Relaxed);
            let identity = match failed {
                Some(error) => {
                    troubles.note(&error);
                    None
                }
                None => Some(session.identity().clone()),
            };
            Member { identity, listener }
        });
    }

    /// Sessions that came up and did not fail since.
    pub(crate) fn alive(&self) -> u64 {
        self.gauges.alive.load(Ordering::Relaxed)
    }

    /// Polls that wait for an answer right now.
    pub(crate) fn held(&self) -> u64 {
        self.gauges.held.load(Ordering::Relaxed)
    }

    /// Polls that were answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.gauges.answered.load(Ordering::Relaxed)
    }

    /// Waits until every living session has a poll under way, but no longer than `limit`.
    pub(crate) async fn until_held(&self, limit: Duration) {
        until(limit, || self.held() >= self.alive()).await;
    }

    /// Ends all sessions, says farewell, and gives their listeners back.
    pub(crate) async fn dismiss(mut self) -> Vec<L> {
        self.dismissal.0.stop();
        let mut listeners = Vec::with_capacity(self.tasks.len());
        let mut identities = Vec::with_capacity(self.tasks.len());
        while let Some(member) = self.tasks.join_next().await {
            match member {
                Ok(Member { identity, listener }) => {
                    listeners.push(listener);
                    identities.extend(identity);
                }
                Err(error) => self.troubles.note(&format_args!("a session broke: {error}")),
            }
        }
        farewell::say(identities).await;
        listeners
    }
}

/// Waits until `reached` says so, but no longer than `limit`. Looks every [`GLANCE`].
pub(crate) async fn until(limit: Duration, mut reached: impl FnMut() -> bool) {
    let end = clock::now() + limit;
    while !reached() && clock::now() < end {
        tokio::time::sleep(GLANCE).await;
    }
}

async fn open(
    target: &Arc<Target>,
    number: usize,
    common: &Common,
) -> Result<Session, SessionError> {
    let source = source::address(number, common.sessions, target.address());
    let mut session = Session::open(target, source).await?;
    session.subscribe(&common.channel).await?;
    Ok(session)
}
