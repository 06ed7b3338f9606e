//! Who feeds what: the part of a path that names a source, against the key that was shown.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use encke::calls::SourceName;
use http::request::Parts;
use serde::Deserialize;

use super::Feed;
use super::problem::Problem;
use crate::api::BackEnd;

/// The sources of a key. By default none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feeder(Arc<Sources>);

#[derive(Debug, Default)]
struct Sources {
    key: Arc<str>,
    names: Vec<SourceName>,
}

impl Feeder {
    /// The key of this name may feed these.
    pub(crate) fn new(key: &str, names: Vec<SourceName>) -> Self {
        Self(Arc::new(Sources { key: key.into(), names }))
    }
}

/// A source that whoever asks may feed.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) name: SourceName,
    /// The name of the key.
    pub(super) key: Arc<str>,
}

#[derive(Deserialize)]
struct Named {
    source: String,
}

impl FromRequestParts<Feed> for Source {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, feed: &Feed) -> Result<Self, Problem> {
        let named = Path::<Named>::from_request_parts(parts, feed).await;
        let Path(Named { source }) = named.map_err(|error| Problem::Path(error.body_text()))?;
        let feeder = parts.extensions.get::<BackEnd>().map(BackEnd::feeder);
        let sources = feeder.map(|feeder| &feeder.0);
        let known = sources.and_then(|sources| {
            let name = sources.names.iter().find(|name| name.as_str() == source)?;
            Some(Self { name: name.clone(), key: Arc::clone(&sources.key) })
        });
        // Whether there is such a source is nobody's business but its own.
        known.ok_or(Problem::NotAllowed)
    }
}
