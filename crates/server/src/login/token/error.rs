//! Why a token is not taken.

use std::fmt;

/// What is wrong with a token. The sender's mistake, or their attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenError {
    /// Not three parts of base64url with JSON inside, too long, sent in two places, or with a
    /// header that must be understood and is not.
    Malformed,
    /// No algorithm that is allowed, or none that its key is for.
    Algorithm,
    /// Signed with a key that is not among ours.
    UnknownKey,
    /// The signature belongs to another text or another key.
    Signature,
    /// No time of expiry, or no user, or a claim of the wrong type.
    Claims,
    /// Its time is up.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Issued by somebody else.
    Issuer,
    /// Meant for somebody else.
    Audience,
}

impl TokenError {
    /// The outcome as a metric label.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::Algorithm => "token_algorithm",
            Self::UnknownKey => "token_unknown_key",
            Self::Signature => "token_signature",
            Self::Claims => "token_claims",
            Self::Expired => "token_expired",
            Self::NotYet => "token_not_yet",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
        }
    }

    /// Whether it was forged, as far as anybody can tell. A token that was good once is not.
    pub(crate) fn is_forgery(self) -> bool {
        matches!(self, Self::Malformed | Self::Algorithm | Self::Signature)
    }

    /// What the sender is told.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Malformed => "malformed token",
            Self::Algorithm => "the token's algorithm is not taken",
            Self::UnknownKey => "the token's key is not known",
            Self::Signature => "the token's signature is wrong",
            Self::Claims => "the token lacks a claim",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is not valid yet",
            Self::Issuer => "the token is of another issuer",
            Self::Audience => "the token is for another audience",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for TokenError {}
