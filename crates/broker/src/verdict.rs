//! Yes or no, and what is said besides.
//!
//! Whoever decides about a message, a policy or an extension, may leave it at yes or no: the broker
//! then says what its dialect has for the case. Or it brings the error, the advice and members of
//! `ext` along, which go into the reply.
//!
//! # Sources
//!
//! Documented: CometD's security policies and extensions edit the reply. Observed: the advice
//! `reconnect: none` is only added to a refused handshake where the policy gave none.

use encke_bayeux::ext::Members;
use encke_bayeux::{Advice, ErrorText, Failure};
use serde_json::value::RawValue;

use crate::user::UserId;

/// A decision about one message. `true` and `false` are decisions too.
///
/// # Examples
///
/// ```
/// use encke_bayeux::{Advice, ErrorText, Reconnect};
/// use encke_broker::Verdict;
///
/// let plain: Verdict = false.into();
/// let spoken = Verdict::deny()
///     .error(ErrorText::new(401, &[], "Authentication expired").unwrap())
///     .advice(Advice::only(Reconnect::Handshake));
/// assert!(!plain.is_granted() && !spoken.is_granted());
/// ```
#[derive(Clone, Debug)]
pub struct Verdict {
    granted: bool,
    said: Option<Box<Said>>,
}

#[derive(Clone, Debug, Default)]
struct Said {
    failure: Option<Failure>,
    advice: Option<Advice>,
    ext: Members,
    user: Option<UserId>,
}

impl From<bool> for Verdict {
    fn from(granted: bool) -> Self {
        Self { granted, said: None }
    }
}

impl Verdict {
    /// The message goes on.
    pub fn grant() -> Self {
        true.into()
    }

    /// The message is refused.
    pub fn deny() -> Self {
        false.into()
    }

    /// What the error says instead of the broker's own text. For refusals.
    #[must_use]
    pub fn error(self, error: ErrorText) -> Self {
        self.failure(Failure::Own(error))
    }

    /// Which of the broker's refusals it is: its text in the broker's dialect, and unless
    /// [`Verdict::advice`] says otherwise the advice that goes with it. For refusals.
    ///
    /// A handshake that is one too many is [`Failure::TooManyHandshakesOfAddress`], whose advice says
    /// when to come back.
    #[must_use]
    pub fn failure(mut self, failure: Failure) -> Self {
        self.said().failure = Some(failure);
        self
    }

    /// How the client is to come back, instead of what the broker would say. For refusals.
    #[must_use]
    pub fn advice(mut self, advice: Advice) -> Self {
        self.said().advice = Some(advice);
        self
    }

    /// Adds a member to the `ext` of the reply.
    #[must_use]
    pub fn ext(mut self, name: &str, value: &RawValue) -> Self {
        self.said().ext.push(name, value.get());
        self
    }

    /// Whose session it is, where the handshake's `ext` proves it. For granted handshakes.
    ///
    /// Counts where the server around the broker knows of no user. The session is then that user's
    /// as far as deliveries, limits and policies go; its requests are still nobody's, and are bound
    /// to the browser cookie as those of anonymous sessions are.
    #[must_use]
    pub fn user(mut self, user: UserId) -> Self {
        self.said().user = Some(user);
        self
    }

    /// Whether the message goes on.
    pub fn is_granted(&self) -> bool {
        self.granted
    }

    /// The user that was named.
    pub(crate) fn named_user(&self) -> Option<&UserId> {
        self.said.as_ref().and_then(|said| said.user.as_ref())
    }

    /// What goes into the `ext` of the reply.
    pub(crate) fn members(&self) -> Option<&str> {
        self.said.as_ref().and_then(|said| said.ext.text())
    }

    /// The refusal and its advice, where nothing else was said as `plain` has them.
    pub(crate) fn into_refusal(self, plain: Failure) -> (Failure, Option<Advice>) {
        let Some(said) = self.said else {
            let advice = plain.advice();
            return (plain, advice);
        };
        let own = said.failure.as_ref().and_then(Failure::advice);
        let advice = said.advice.or(own).or_else(|| plain.advice());
        (said.failure.unwrap_or(plain), advice)
    }

    fn said(&mut self) -> &mut Said {
        self.said.get_or_insert_default()
    }
}
