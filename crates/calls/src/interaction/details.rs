//! What an interaction has that only some media show.

use serde::{Deserialize, Serialize};

use crate::{Label, MediaType};

/// Members of one medium or another. What a medium does not show is kept and not shown.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Details {
    /// What it is about: of an e-mail, a work item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Label>,
    /// Which address it came to: of an e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Label>,
    /// The media type of open media, which is part of its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// `Inbound` and the like: of open media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openmedia_type: Option<Label>,
    /// What was commented on: of Facebook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Label>,
    /// What kind of message it is: of Twitter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twitter_type: Option<Label>,
}

impl Details {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
