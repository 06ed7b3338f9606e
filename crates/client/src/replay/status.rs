//! What the server says of its log and one subscription.

/// What follows a subscription's beginning. Look at it, or watch it, with
/// [`Subscription::replay`](crate::Subscription::replay).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Replay {
    /// What follows.
    pub status: ReplayStatus,
    /// The log, if the server names it.
    pub epoch: Option<u64>,
    /// The oldest message that the subscription could still get when it was made; `None` if there
    /// was none, or the server does not tell.
    pub oldest: Option<u64>,
    /// The newest position of the log when the subscription was made, if the server tells.
    pub newest: Option<u64>,
    /// Whether everything up to `newest` was delivered, so that what comes now is new. Stays false
    /// with a server that does not tell.
    pub caught_up: bool,
}

/// See [`Replay::status`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReplayStatus {
    /// What is published from now on, as was asked for.
    New,
    /// All that is kept, as was asked for.
    Kept,
    /// Everything after the position: nothing is missing.
    Resumed,
    /// What is kept after the position: something in between is gone.
    Gap,
    /// What is published from now on, whatever was asked for: the server keeps no log, or not of
    /// these channels.
    Unlogged,
}
