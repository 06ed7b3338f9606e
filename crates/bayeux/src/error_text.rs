//! Error texts that an embedder makes, and their grammar.
//!
//! An error is `code:args:text`. The code is three digits, the arguments are words with commas
//! between them, the text says it in plain words. Code that refuses a message may have its own
//! reasons; it cannot break the grammar that clients read.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "error", whose `error_args` are letters, digits, blank and
//! `- _ ! ~ ( ) $ @ / * .`. Observed: texts of deployed servers hold commas and more, so a text may
//! hold anything that is printed; clients split at the first two colons.

use std::borrow::Cow;
use std::fmt;

/// Longest error, in bytes: code, arguments, text and the colons between them.
pub const MAX_ERROR_BYTES: usize = 256;

/// Longest reason, in bytes: with a code in front of it an error of that length. The longer a reason
/// is, the less is left of the text behind it.
pub const MAX_REASON_BYTES: usize = MAX_ERROR_BYTES - "403::".len();

/// A checked error, `code:args:text`. Cheap to move, one allocation to make.
///
/// # Examples
///
/// ```
/// use encke_bayeux::ErrorText;
///
/// let expired = ErrorText::new(401, &[], "Authentication expired").unwrap();
/// assert_eq!(expired.as_str(), "401::Authentication expired");
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct ErrorText(Box<str>);

impl ErrorText {
    /// Checks the parts and puts them together.
    ///
    /// # Errors
    ///
    /// [`ErrorTextError`] names the rule that was broken.
    pub fn new(code: u16, args: &[&str], text: &str) -> Result<Self, ErrorTextError> {
        if !(100..=999).contains(&code) {
            return Err(ErrorTextError::Code(code));
        }
        args.iter().try_for_each(|arg| check_arg(arg))?;
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            return Err(ErrorTextError::Character(c));
        }
        let whole = format!("{code}:{}:{text}", args.join(","));
        if whole.len() > MAX_ERROR_BYTES {
            return Err(ErrorTextError::TooLong);
        }
        Ok(Self(whole.into()))
    }

    /// The same refusal as `text`, of the form `code:args:text`, for a reason of one's own. What
    /// finds no room behind the reason is cut off.
    pub(crate) fn because(text: &str, reason: &Reason) -> Self {
        let mut parts = text.splitn(3, ':');
        let code = parts.next().unwrap_or_default();
        let text = parts.nth(1).unwrap_or_default();
        let mut whole = format!("{code}:{}:", reason.as_str());
        whole.push_str(cut(text, MAX_ERROR_BYTES.saturating_sub(whole.len())));
        Self(whole.into())
    }

    /// The three-digit code.
    pub fn code(&self) -> u16 {
        self.0.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why something is denied, in one word: the argument of an error.
///
/// # Examples
///
/// ```
/// use encke_bayeux::{ErrorTextError, Reason};
///
/// assert_eq!(Reason::new("not_a_member").unwrap().as_str(), "not_a_member");
/// assert_eq!(Reason::new("a:b"), Err(ErrorTextError::Character(':')));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// What the broker's policy denies.
    pub const POLICY: Self = Self(Cow::Borrowed("denied_by_security_policy"));

    /// What somebody had to grant and nobody did.
    pub const NOT_GRANTING: Self = Self(Cow::Borrowed("denied_by_not_granting"));

    /// Checks `reason` against the grammar of error arguments.
    ///
    /// # Errors
    ///
    /// [`ErrorTextError`] names the rule that was broken.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Result<Self, ErrorTextError> {
        let reason = reason.into();
        if reason.is_empty() {
            return Err(ErrorTextError::Empty);
        }
        if reason.len() > MAX_REASON_BYTES {
            return Err(ErrorTextError::TooLong);
        }
        check_arg(&reason)?;
        Ok(Self(reason))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As much of `text` as fits into so many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn check_arg(arg: &str) -> Result<(), ErrorTextError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || " -_!~()$@/*.".contains(c);
    arg.chars().find(|c| !legal(*c)).map_or(Ok(()), |c| Err(ErrorTextError::Character(c)))
}

/// Why an error text or a reason cannot be sent. The caller's mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorTextError {
    /// A code has three digits.
    Code(u16),
    /// A character outside the grammar.
    Character(char),
    /// A reason says something.
    Empty,
    /// More than [`MAX_ERROR_BYTES`], or a reason of more than [`MAX_REASON_BYTES`].
    TooLong,
}

impl fmt::Display for ErrorTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code} is no code of three digits"),
            Self::Character(c) => write!(f, "{c:?} is not allowed in an error"),
            Self::Empty => f.write_str("a reason says something"),
            Self::TooLong => write!(f, "an error has at most {MAX_ERROR_BYTES} bytes"),
        }
    }
}

impl std::error::Error for ErrorTextError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_error_are_checked() {
        for (code, args, text, made) in [
            (403, &["a b", "/c/*"][..], "x: y, z", Ok("403:a b,/c/*:x: y, z")),
            (999, &[], "", Ok("999::")),
            (99, &[], "x", Err(ErrorTextError::Code(99))),
            (1000, &[], "x", Err(ErrorTextError::Code(1000))),
            (403, &["a,b"], "x", Err(ErrorTextError::Character(','))),
            (403, &["a:b"], "x", Err(ErrorTextError::Character(':'))),
            (403, &[], "a\nb", Err(ErrorTextError::Character('\n'))),
            (403, &[], &"x".repeat(252), Err(ErrorTextError::TooLong)),
        ] {
            let error = ErrorText::new(code, args, text);
            assert_eq!(error.as_ref().map(ErrorText::as_str), made.as_ref().copied());
            assert_eq!(error.map_or(code, |error| error.code()), code);
        }
    }

    #[test]
    fn a_reason_is_one_word_of_the_grammar() {
        assert_eq!(Reason::new(""), Err(ErrorTextError::Empty));
        assert_eq!(Reason::new("a,b"), Err(ErrorTextError::Character(',')));
        assert_eq!(Reason::new("\u{e9}"), Err(ErrorTextError::Character('\u{e9}')));
        assert!(Reason::new("x".repeat(MAX_REASON_BYTES)).is_ok());
        assert_eq!(Reason::new("x".repeat(MAX_REASON_BYTES + 1)), Err(ErrorTextError::TooLong));
        for known in [Reason::POLICY, Reason::NOT_GRANTING] {
            assert_eq!(Reason::new(known.as_str().to_owned()), Ok(known));
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (bytes, left) in
            [(0, ""), (1, "a"), (2, "a"), (3, "a\u{e9}"), (4, "a\u{e9}b"), (9, "a\u{e9}b")]
        {
            assert_eq!(cut("a\u{e9}b", bytes), left);
        }
        let own = ErrorText::new(403, &[], &"\u{e9}".repeat(125)).unwrap();
        let long = ErrorText::because(own.as_str(), &Reason::new("x".repeat(50)).unwrap());
        assert_eq!(long.as_str(), format!("403:{}:{}", "x".repeat(50), "\u{e9}".repeat(100)));
        let longest = ErrorText::because(own.as_str(), &Reason::new("x".repeat(251)).unwrap());
        assert_eq!(longest.as_str(), format!("403:{}:", "x".repeat(251)));
    }
}
