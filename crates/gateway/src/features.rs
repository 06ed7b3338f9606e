//! What a user has bought: features, as a GWS assigns them to its users.
//!
//! | Feature               | Without it, refused with `statusCode` 5                            |
//! |-----------------------|--------------------------------------------------------------------|
//! | `api-voice`           | calls, phones, the voice channel and IM sessions: everything but reading |
//! | `api-voice-recording` | the recording operations                                           |
//! | `api-multimedia`      | interactions of all other media: everything but reading            |
//!
//! What a missing feature would allow is not listed among the `capabilities` of a call or an
//! interaction either. Whoever has lost a feature may still log out and turn down what is offered.
//!
//! # Sources
//!
//! - Documented: each operation page of the Web Services API names the feature it requires.
//! - Observed: GWS 8.5.202 shows features as a sub-resource of the user, with the members that
//!   `view::feature` has. Its list has `api-multimedia-chat` and the like where the pages say
//!   `api-multimedia`; here it is as the pages have it.
//! - Ours: what an operation without its feature is answered, of which no page says anything; and that
//!   IM sessions, documented with `api-voice-instant-messaging`, have no feature of their own.

use std::fmt;

/// One feature.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Feature {
    /// `api-voice`.
    Voice,
    /// `api-voice-recording`.
    VoiceRecording,
    /// `api-multimedia`.
    Multimedia,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 3] = [Self::Voice, Self::VoiceRecording, Self::Multimedia];

    /// The id on the wire.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Voice => "api-voice",
            Self::VoiceRecording => "api-voice-recording",
            Self::Multimedia => "api-multimedia",
        }
    }

    /// The feature of this id.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.id() == id)
    }

    pub(crate) const fn display_name(self) -> &'static str {
        match self {
            Self::Voice => "Voice API",
            Self::VoiceRecording => "Voice API: call recording",
            Self::Multimedia => "Multimedia API",
        }
    }

    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Voice => "Calls, phones, and the state of an agent on the voice channel",
            Self::VoiceRecording => "Recording of calls",
            Self::Multimedia => "SMS sessions, chats, e-mails and their siblings",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Voice => 1,
            Self::VoiceRecording => 2,
            Self::Multimedia => 4,
        }
    }
}

/// A set of features. Default: all of them.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Features(u8);

impl Features {
    /// The set without any.
    pub const NONE: Self = Self(0);

    /// Whether the feature is in the set.
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & feature.bit() != 0
    }

    /// The features in the set, in the order of [`Feature::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |feature| self.has(*feature))
    }
}

impl Default for Features {
    fn default() -> Self {
        Feature::ALL.into_iter().collect()
    }
}

impl FromIterator<Feature> for Features {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        Self(features.into_iter().fold(0, |set, feature| set | feature.bit()))
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it_and_all_by_default() {
        let set: Features = [Feature::Multimedia, Feature::Voice].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Feature::Voice, Feature::Multimedia]);
        assert!(Feature::ALL.into_iter().all(|feature| Features::default().has(feature)));
        assert_eq!(Features::NONE.iter().count(), 0);
        for feature in Feature::ALL {
            assert_eq!(Feature::named(feature.id()), Some(feature));
        }
        assert_eq!(Feature::named("api-fly"), None);
    }
}
