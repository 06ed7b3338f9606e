//! The task that plays: it keeps the time, carries out what the player says, and looks what others
//! do.
//!
//! What fails is counted and shown with the scenario, and not logged: a scenario that goes wrong a
//! thousand times leaves no more lines than one that goes right.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use encke::broker::{Broker, UserId};
use encke::calls::{Call, CommandError, Core, Subject};
use tokio::sync::watch;

use super::player::{Action, Counts, Done, Player, Watched};
use crate::clock;

/// Time between two looks at what others do.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What scenarios are played on.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) core: Core,
    /// Where desks are connected: who has a session there is played by a human.
    pub(super) desks: Option<Broker>,
}

/// How far a scenario is.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) counts: Counts,
    /// Time of the scenario, in milliseconds.
    pub(super) at_ms: u64,
    pub(super) ended: bool,
}

/// How far a scenario is, for who plays it and who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown(Arc<Mutex<Progress>>);

impl Shown {
    pub(super) fn get(&self) -> Progress {
        self.lock().clone()
    }

    fn set(&self, player: &Player, at_ms: u64, ended: bool) {
        let counts = player.counts();
        *self.lock() = Progress { counts, at_ms, ended };
    }

    // Nothing panics while the lock is held.
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plays until all is over. Once `stop` is true, or its sender is gone, only what has begun is
/// ended.
pub(super) async fn play(
    stage: Stage,
    mut player: Player,
    speed: f64,
    shown: Shown,
    mut stop: watch::Receiver<bool>,
) {
    let begun = clock::now();
    let mut looked = begun;
    let mut stopping = false;
    loop {
        let now = clock::now();
        let now_ms = scenario_ms(now - begun, speed);
        if !stopping && *stop.borrow() {
            stopping = true;
            player.stop(now_ms);
        }
        if now - looked >= LOOK_EVERY {
            looked = now;
            look(&stage.core, &mut player, now_ms);
        }
        while let Some(action) = player.poll_action(now_ms) {
            if !carry_out(&stage, &mut player, action, now).await {
                return shown.set(&player, now_ms, true);
            }
            if !stopping && *stop.borrow() {
                break;
            }
        }
        let over = player.is_over();
        shown.set(&player, now_ms, over);
        if over {
            return;
        }
        let due =
            player.next_due().map_or(LOOK_EVERY, |due| real(due.saturating_sub(now_ms), speed));
        tokio::select! {
            changed = stop.changed(), if !stopping => {
                if changed.is_err() {
                    return shown.set(&player, now_ms, true);
                }
            }
            () = tokio::time::sleep(due.min(LOOK_EVERY)) => {}
        }
    }
}

/// Does one thing. False when nothing can be done any more.
async fn carry_out(stage: &Stage, player: &mut Player, action: Action, now: Instant) -> bool {
    let human = |robot: &super::player::Robot| {
        let user = UserId::new(robot.user.as_str());
        let desk = |broker: &Broker| !broker.sessions_of(&user, 1, now).is_empty();
        !robot.beside_human && stage.desks.as_ref().is_some_and(desk)
    };
    if action.robot.as_ref().is_some_and(human) {
        player.handle_done(Done::Human);
        return true;
    }
    match stage.core.submit(action.command).await {
        Ok(outcome) => {
            let begun = match &outcome.subject {
                Subject::Call(call) => Some(call),
                _ => None,
            };
            let call = action.call.as_ref().or(begun);
            let call = call.and_then(|call| stage.core.call(call.as_str()));
            let call: Option<&Call> = call.as_deref();
            player.handle_done(Done::Accepted { subject: &outcome.subject, call });
            true
        }
        Err(CommandError::Stopped) => {
            player.handle_done(Done::Refused("the server stops".to_owned()));
            false
        }
        Err(error) => {
            player.handle_done(Done::Refused(error.to_string()));
            true
        }
    }
}

/// Tells the player how its calls and sessions are.
fn look(core: &Core, player: &mut Player, now_ms: u64) {
    for (story, watched) in player.watched() {
        match watched {
            Watched::Call { main, consultation } => {
                let consultation = consultation.and_then(|call| core.call(call.as_str()));
                if let Some(main) = core.call(main.as_str()) {
                    player.handle_call(now_ms, story, &main, consultation.as_deref());
                }
            }
            Watched::Interaction(key) => {
                if let Some(one) = core.interaction(key.id.as_str()) {
                    player.handle_interaction(now_ms, story, &one);
                }
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion of floating point to whole numbers saturates"
)]
fn scenario_ms(elapsed: Duration, speed: f64) -> u64 {
    (elapsed.as_secs_f64() * speed * 1000.0) as u64
}

/// So many milliseconds of a scenario, in our time and rounded up.
fn real(ms: u64, speed: f64) -> Duration {
    let seconds = Duration::from_millis(ms).as_secs_f64() / speed;
    Duration::try_from_secs_f64(seconds).unwrap_or(LOOK_EVERY) + Duration::from_millis(1)
}
