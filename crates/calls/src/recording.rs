//! The recording of a call: one for all its parties, with a trace in the user data.
//!
//! # Sources
//!
//! - Documented: Web Services API Reference, `StartCallRecording`, for the states and for
//!   `GSIP_RECORD` in the user data.
//! - Ours: it is the call's and not a party's, as the user data is; it ends with the call.

use serde::{Deserialize, Serialize};

use crate::UserData;

/// Whether and how a call is recorded. It is one recording, which any of its parties may control.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Recording {
    /// It was never recorded.
    #[default]
    Off,
    /// It is being recorded.
    Recording,
    /// The recording pauses.
    Paused,
    /// The recording has ended.
    Stopped,
}

impl Recording {
    /// The spelling of the state; `None` where there never was a recording.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::Recording => Some("Recording"),
            Self::Paused => Some("Paused"),
            Self::Stopped => Some("Stopped"),
        }
    }

    /// What becomes of a recording when the call ends, for all or for one party.
    pub(crate) const fn at_the_end(self) -> Self {
        match self {
            Self::Off => Self::Off,
            Self::Recording | Self::Paused | Self::Stopped => Self::Stopped,
        }
    }

    /// The key of the user data that tells of a recording.
    ///
    /// Documented: Web Services API Reference, `StartCallRecording`.
    pub(crate) const KEY: &'static str = "GSIP_RECORD";

    /// Sets the pair of the user data that tells of a recording.
    pub(crate) fn tell(self, user_data: &mut UserData) {
        let value = match self {
            Self::Recording => "\"ON\"",
            Self::Paused => "\"PAUSED\"",
            Self::Off | Self::Stopped => {
                user_data.delete_pair(Self::KEY);
                return;
            }
        };
        let mut told = UserData::new();
        told.push(Self::KEY, value).expect("a fixed string is a value");
        user_data.update(&told);
    }
}
