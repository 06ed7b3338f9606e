//! Why settings could not be read, with the place.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use figment::Figment;
use figment::error::Kind;

/// What [`Settings::load`](super::Settings::load) may answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file that was named cannot be opened.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A key that does not exist.
    UnknownKey {
        /// Path of the key, such as `server.lissten`.
        key: String,
        /// File or variables where it stands.
        place: String,
        /// What might have been meant.
        expected: &'static [&'static str],
    },
    /// A value of the wrong type or out of range, a missing key, or text that is not TOML.
    Value {
        /// Path of the key; empty when the whole file is meant.
        key: String,
        /// File or variables where it stands.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A user stands both in the configuration and in the users file.
    UserTwice {
        /// The user.
        name: String,
        /// The users file.
        file: PathBuf,
    },
}

impl SettingsError {
    pub(super) fn invalid(error: &figment::Error, figment: &Figment) -> Self {
        match &error.kind {
            Kind::UnknownField(field, expected) => {
                let mut path = error.path.clone();
                // Depending on where the parser stood, the path ends in the field or before it.
                if path.last() != Some(field) {
                    path.push(field.clone());
                }
                let key = path.join(".");
                let place = place(figment.find_metadata(&key).or(error.metadata.as_ref()), &path);
                Self::UnknownKey { key, place, expected }
            }
            kind => Self::Value {
                key: error.path.join("."),
                place: place(error.metadata.as_ref(), &error.path),
                reason: kind.to_string(),
            },
        }
    }
}

fn place(metadata: Option<&figment::Metadata>, path: &[String]) -> String {
    let Some(metadata) = metadata else {
        return "the settings".to_owned();
    };
    match metadata.source.as_ref().and_then(figment::Source::file_path) {
        Some(file) => file.display().to_string(),
        None if metadata.name.contains("environment") => {
            format!("ENCKE_{}", path.join("__").to_uppercase())
        }
        None => "the settings".to_owned(),
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, cause } => {
                write!(f, "cannot read {}: {cause}", file.display())
            }
            Self::UnknownKey { key, place, expected } => {
                write!(f, "unknown key `{key}` in {place}")?;
                if expected.is_empty() {
                    return Ok(());
                }
                write!(f, ", expected one of `{}`", expected.join("`, `"))
            }
            Self::Value { key, place, reason } if key.is_empty() => {
                write!(f, "{place}: {reason}")
            }
            Self::Value { key, place, reason } => write!(f, "`{key}` in {place}: {reason}"),
            Self::UserTwice { name, file } => {
                write!(f, "user `{name}` stands in {} and in the configuration", file.display())
            }
        }
    }
}

impl Error for SettingsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => Some(cause),
            Self::UnknownKey { .. } | Self::Value { .. } | Self::UserTwice { .. } => None,
        }
    }
}
