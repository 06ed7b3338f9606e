//! The scenarios that are played now, and those that were played last.
//!
//! At most 8 are played at a time; the last 32 that ended can still be asked about. All tasks end
//! with [`Scenarios::close`], or when the last handle is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encke::broker::{Broker, UserId};
use encke::calls::{Core, Dn};
use encke::gateway::Directory;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::file::{Scenario, ScenarioError};
use super::plan::Plan;
use super::planning::Planning;
use super::player::Player;
use super::runner::{Progress, Shown, Stage, play};

/// Scenarios that are played at a time.
const MAX_PLAYED: usize = 8;
/// Ended ones that are remembered.
const MAX_ENDED: usize = 32;

/// The scenarios of one house. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Scenarios(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stage: Stage,
    directory: Directory,
    planning: Planning,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    entries: BTreeMap<u64, Entry>,
    tasks: JoinSet<()>,
    closed: bool,
}

/// One scenario.
#[derive(Debug)]
struct Entry {
    name: String,
    seed: u64,
    speed: f64,
    steps: usize,
    shown: Shown,
    stop: watch::Sender<bool>,
}

/// How a scenario is.
#[derive(Debug)]
pub(in crate::simulator) struct View {
    pub(in crate::simulator) id: u64,
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) seed: u64,
    pub(in crate::simulator) speed: f64,
    pub(in crate::simulator) steps: usize,
    pub(super) progress: Progress,
}

/// Why a scenario does not begin.
#[derive(Debug)]
pub(crate) enum PlayError {
    /// So many are played already.
    TooMany(usize),
    /// The server stops.
    Closed,
}

impl Scenarios {
    /// None yet. Who has a session at `desks` is played by a human.
    pub(crate) fn new(core: Core, directory: Directory, desks: Option<Broker>) -> Self {
        let stage = Stage { core, desks };
        Self(Arc::new(Inner {
            stage,
            directory,
            planning: Planning::default(),
            state: Mutex::default(),
        }))
    }

    /// Draws a scenario for the users of this house, on a thread of its own. `None` when that
    /// thread is not to be had, as the server stops.
    pub(in crate::simulator) async fn plan(
        &self,
        scenario: Scenario,
        seed: u64,
        speed: Option<f64>,
    ) -> Option<Result<Plan, ScenarioError>> {
        let directory = self.0.directory.clone();
        let work = move || Plan::new(&scenario, seed, speed, &|user| lines(&directory, user));
        self.0.planning.run(work).await
    }

    /// Begins to play; the scenario's id. Needs a tokio runtime.
    pub(crate) fn play(&self, plan: Plan) -> Result<u64, PlayError> {
        let mut state = self.lock();
        if state.closed {
            return Err(PlayError::Closed);
        }
        while state.tasks.try_join_next().is_some() {}
        let ended = |entry: &Entry| entry.shown.get().ended;
        let played = state.entries.values().filter(|entry| !ended(entry)).count();
        if played >= MAX_PLAYED {
            return Err(PlayError::TooMany(MAX_PLAYED));
        }
        let old = state.entries.iter().filter(|(_, entry)| ended(entry)).map(|(id, _)| *id);
        let old: Vec<u64> = old.collect();
        for id in old.iter().take((old.len() + 1).saturating_sub(MAX_ENDED)) {
            state.entries.remove(id);
        }
        let (stop, stopped) = watch::channel(false);
        let entry = Entry {
            name: plan.name.clone(),
            seed: plan.seed,
            speed: plan.speed,
            steps: plan.steps,
            shown: Shown::default(),
            stop,
        };
        state.last += 1;
        let id = state.last;
        tracing::info!(scenario = %entry.name, id, seed = entry.seed, speed = entry.speed, "plays");
        let (stage, shown, speed) = (self.0.stage.clone(), entry.shown.clone(), entry.speed);
        state.tasks.spawn(play(stage, Player::new(plan), speed, shown, stopped));
        state.entries.insert(id, entry);
        Ok(id)
    }

    /// All that are remembered, oldest first.
    pub(in crate::simulator) fn all(&self) -> Vec<View> {
        self.lock().entries.iter().map(|(id, entry)| entry.view(*id)).collect()
    }

    /// One of them.
    pub(in crate::simulator) fn one(&self, id: u64) -> Option<View> {
        self.lock().entries.get(&id).map(|entry| entry.view(id))
    }

    /// Stops one: nothing new begins, and the customers go. False if there is no such scenario.
    pub(in crate::simulator) fn stop(&self, id: u64) -> bool {
        self.lock().entries.get(&id).map(|entry| entry.stop.send_replace(true)).is_some()
    }

    /// Ends all of them where they are, and waits for that. None begins any more.
    pub(crate) async fn close(&self) {
        let mut tasks = {
            let mut state = self.lock();
            state.closed = true;
            std::mem::take(&mut state.tasks)
        };
        tasks.shutdown().await;
    }

    // Nothing panics while the lock is held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn view(&self, id: u64) -> View {
        View {
            id,
            name: self.name.clone(),
            seed: self.seed,
            speed: self.speed,
            steps: self.steps,
            progress: self.shown.get(),
        }
    }
}

/// The lines of a user of this house.
pub(crate) fn lines(directory: &Directory, user: &str) -> Option<Vec<Dn>> {
    let user = directory.user(&UserId::new(user))?;
    Some(user.devices().iter().map(|device| device.dn().clone()).collect())
}
