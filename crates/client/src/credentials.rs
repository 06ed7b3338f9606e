//! Credentials that are asked for, since they do not last.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::HeaderValue;

use crate::error::Failure;
use crate::machine::Failed;

/// Which credentials will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Freshness {
    /// Those at hand.
    Any,
    /// Others than before: the server has refused those.
    New,
}

type Ask = dyn Fn(Freshness) -> BoxFuture<'static, Result<String, String>> + Send + Sync;

/// Who knows credentials. Never shown by Debug.
#[derive(Clone)]
pub(crate) struct Source(Arc<Ask>);

impl Source {
    pub(crate) fn new<F, R, E>(source: F) -> Self
    where
        F: Fn(Freshness) -> R + Send + Sync + 'static,
        R: Future<Output = Result<String, E>> + Send + 'static,
        E: fmt::Display,
    {
        Self(Arc::new(move |freshness| {
            let asked = source(freshness);
            async move { asked.await.map_err(|error| error.to_string()) }.boxed()
        }))
    }

    /// The value of an `Authorization` header.
    pub(crate) async fn ask(&self, freshness: Freshness) -> Result<HeaderValue, Failed> {
        let none = |why| Failed::unsent(Failure::Credentials(why));
        let value = (self.0)(freshness).await.map_err(none)?;
        let value = HeaderValue::try_from(value).map_err(|error| none(error.to_string()))?;
        Ok(sensitive(value))
    }
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}
