//! How much there may be of everything, and how large it may be.
//!
//! Reaching a bound is answered with a typed [`Refusal`](crate::Refusal); nothing is dropped.

/// Bounds of the model. Each setter gives its unit and default.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    pub(crate) user_data_bytes: usize,
    pub(crate) user_data_depth: usize,
    pub(crate) key_bytes: usize,
    pub(crate) calls: usize,
    pub(crate) calls_per_dn: usize,
    pub(crate) parties: usize,
    pub(crate) interactions: usize,
    pub(crate) interactions_per_user: usize,
    pub(crate) transcript_entries: usize,
    pub(crate) text_bytes: usize,
    pub(crate) consult_user_data: ConsultUserData,
    pub(crate) no_answer_ms: Option<u64>,
}

/// What a consultation call has of the user data of the call it was made from.
///
/// # Sources
///
/// Documented: T-Library's option for consultation calls has these three names.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ConsultUserData {
    /// A copy at its beginning; what changes later stays where it was changed.
    #[default]
    Inherited,
    /// The same data: a change on either call changes both.
    Joint,
    /// Nothing.
    Separate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            user_data_bytes: 16_000,
            user_data_depth: 64,
            key_bytes: 1024,
            calls: 100_000,
            calls_per_dn: 10,
            parties: 16,
            interactions: 100_000,
            interactions_per_user: 20,
            transcript_entries: 1000,
            text_bytes: 4096,
            consult_user_data: ConsultUserData::Inherited,
            no_answer_ms: None,
        }
    }
}

impl Limits {
    /// The most that [`user_data_bytes`](Self::user_data_bytes) can be set to.
    ///
    /// # Sources
    ///
    /// Documented: T-Library, user data: 16,000 bytes by default, 65,535 at most.
    pub const MAX_USER_DATA_BYTES: usize = 65_535;

    /// The most that [`parties`](Self::parties) can be set to, and the most that any call has.
    ///
    /// Whoever derives something for each party from one change can rely on it: with two
    /// notifications for each, and one for somebody else, they are fewer than 64.
    pub const MAX_PARTIES: usize = 31;

    /// Packed size of the user data of one call or interaction, in bytes. Default 16,000; more than
    /// [`MAX_USER_DATA_BYTES`](Self::MAX_USER_DATA_BYTES) is taken as that.
    #[must_use]
    pub fn user_data_bytes(mut self, bytes: usize) -> Self {
        self.user_data_bytes = bytes.min(Self::MAX_USER_DATA_BYTES);
        self
    }

    /// How deep arrays and objects of user data may nest, the object of the pairs counted.
    /// Default 64, so that every JSON parser on the way can follow.
    #[must_use]
    pub fn user_data_depth(mut self, depth: usize) -> Self {
        self.user_data_depth = depth;
        self
    }

    /// Length of one key of user data, in bytes. Default 1024.
    #[must_use]
    pub fn key_bytes(mut self, bytes: usize) -> Self {
        self.key_bytes = bytes;
        self
    }

    /// Calls that are not released. Default 100,000.
    #[must_use]
    pub fn calls(mut self, calls: usize) -> Self {
        self.calls = calls;
        self
    }

    /// Calls of one line that are not released, ringing ones included. Default 10. A line that has
    /// them is busy.
    #[must_use]
    pub fn calls_per_dn(mut self, calls: usize) -> Self {
        self.calls_per_dn = calls;
        self
    }

    /// What a consultation call has of the other call's user data. Default: a copy.
    #[must_use]
    pub fn consult_user_data(mut self, mode: ConsultUserData) -> Self {
        self.consult_user_data = mode;
        self
    }

    /// How long a line of ours rings at most, in milliseconds. Default `None`: for ever. Calls that
    /// ring already keep the time they were given.
    #[must_use]
    pub fn no_answer_ms(mut self, ms: Option<u64>) -> Self {
        self.no_answer_ms = ms;
        self
    }

    /// Parties of one call, released ones included. Default 16; more than
    /// [`MAX_PARTIES`](Self::MAX_PARTIES) is taken as that.
    #[must_use]
    pub fn parties(mut self, parties: usize) -> Self {
        self.parties = parties.min(Self::MAX_PARTIES);
        self
    }

    /// Interactions that are not completed, of all media. Default 100,000.
    #[must_use]
    pub fn interactions(mut self, interactions: usize) -> Self {
        self.interactions = interactions;
        self
    }

    /// Interactions of one user that are not completed, of all media. Default 20. Who has them is
    /// asked for no more; what comes back to him because nobody wanted it comes all the same.
    #[must_use]
    pub fn interactions_per_user(mut self, interactions: usize) -> Self {
        self.interactions_per_user = interactions;
        self
    }

    /// Entries of a transcript after which no more texts are taken and nobody else is asked. Default
    /// 1000. That somebody came or went is recorded beyond it.
    #[must_use]
    pub fn transcript_entries(mut self, entries: usize) -> Self {
        self.transcript_entries = entries;
        self
    }

    /// Length of one text, in bytes. Default 4096.
    #[must_use]
    pub fn text_bytes(mut self, bytes: usize) -> Self {
        self.text_bytes = bytes;
        self
    }
}
