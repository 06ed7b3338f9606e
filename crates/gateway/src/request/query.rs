//! Query strings: which fields of a resource are wanted, which sub-resources, which page.
//!
//! A name given more than once is refused when it is read, so that no half of a request is
//! quietly dropped. Names nobody reads are ignored.

use axum::extract::{FromRequestParts, Query as Pairs};
use axum::http::request::Parts;
use serde::Serialize;

use super::members::Members;
use crate::status::Failure;
use crate::view::render;

/// A decoded query string.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// How a list or a resource is to be shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fields {
    /// No `fields`, or an empty one: a list answers with the addresses of its members.
    Uris,
    /// `fields=*`: whole resources.
    All,
    /// `fields=id,state`: these members of each resource, in the resource's own order.
    Only(Vec<String>),
}

impl Fields {
    /// One resource with the members asked for; without `fields`, all of them.
    pub(crate) fn of<T: Serialize>(&self, view: &T) -> String {
        let json = render(view);
        match self {
            Self::Uris | Self::All => json,
            Self::Only(names) => Members::of_rendered(&json).only(names),
        }
    }

    /// A list of resources, each as [`Fields::of`] shows it.
    pub(crate) fn of_all<T: Serialize>(&self, views: impl Iterator<Item = T>) -> String {
        let shown: Vec<String> = views.map(|view| self.of(&view)).collect();
        format!("[{}]", shown.join(","))
    }
}

/// A range of a transcript.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Page {
    /// `index` of the first message wanted.
    pub(crate) start: u64,
    /// How many at most; `None` is all there are.
    pub(crate) count: Option<usize>,
}

impl Query {
    /// The `fields` parameter.
    pub(crate) fn fields(&self) -> Result<Fields, Failure> {
        Ok(match self.names("fields")? {
            None => Fields::Uris,
            Some(names) if names.is_empty() => Fields::Uris,
            Some(names) if names.iter().any(|name| name == "*") => Fields::All,
            Some(names) => Fields::Only(names),
        })
    }

    /// The `subresources` parameter; `*` stays one of the names.
    pub(crate) fn subresources(&self) -> Result<Vec<String>, Failure> {
        Ok(self.names("subresources")?.unwrap_or_default())
    }

    /// `startIndex` and `count`.
    pub(crate) fn page(&self) -> Result<Page, Failure> {
        Ok(Page {
            start: self.number("startIndex")?.unwrap_or(0),
            count: self.number("count")?.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
        })
    }

    fn names(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        Ok(self.one(name)?.map(|list| {
            list.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(String::from)
                .collect()
        }))
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.one(name)?
            .map(|text| {
                text.parse().map_err(|_| {
                    Failure::invalid(format!("parameter '{name}' must be a whole number from 0"))
                })
            })
            .transpose()
    }

    fn one(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Failure::invalid(format!("parameter '{name}' is given more than once")));
        }
        Ok(first)
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    /// A query string that cannot be decoded counts as none: there is nothing in it to obey.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Pairs::try_from_uri(&parts.uri)
            .map_or_else(|_| Self::default(), |Pairs(list)| Self(list)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn a_star_anywhere_in_fields_means_all() {
        assert_eq!(query(&[]).fields(), Ok(Fields::Uris));
        assert_eq!(query(&[("fields", "")]).fields(), Ok(Fields::Uris));
        assert_eq!(query(&[("fields", "*")]).fields(), Ok(Fields::All));
        assert_eq!(query(&[("fields", "id,*")]).fields(), Ok(Fields::All));
        assert_eq!(
            query(&[("fields", "id, state,")]).fields(),
            Ok(Fields::Only(vec!["id".into(), "state".into()]))
        );
    }

    #[test]
    fn pages_are_whole_numbers() {
        assert_eq!(query(&[]).page(), Ok(Page { start: 0, count: None }));
        assert_eq!(
            query(&[("startIndex", "3"), ("count", "2")]).page(),
            Ok(Page { start: 3, count: Some(2) })
        );
        for wrong in ["-1", "x", "", "1.5"] {
            assert!(query(&[("count", wrong)]).page().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        assert!(query(&[("fields", "id"), ("fields", "*")]).fields().is_err());
    }
}
