//! Pages of lists: how long they are, and where the next one begins.

use std::num::NonZeroUsize;

use encke::broker::snapshot::MAX_PAGE;

use super::problem::Problem;

/// Entries of a page where nobody asks for more or fewer.
const PAGE: usize = 100;

/// How many entries a page has at most.
pub(super) fn limit(asked: Option<NonZeroUsize>) -> Result<usize, Problem> {
    match asked.map_or(PAGE, NonZeroUsize::get) {
        limit if limit <= MAX_PAGE => Ok(limit),
        _ => Err(Problem::Query(format!("limit is at most {MAX_PAGE}"))),
    }
}

/// What the next page begins after; `None` where this one is the last.
pub(super) fn next<T, K>(page: &[T], limit: usize, key: impl FnOnce(&T) -> K) -> Option<K> {
    page.last().filter(|_| page.len() == limit).map(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_a_length_within_bounds() {
        let asked = |number| limit(NonZeroUsize::new(number)).ok();
        assert_eq!((asked(0), asked(1), asked(MAX_PAGE)), (Some(100), Some(1), Some(MAX_PAGE)));
        assert_eq!(asked(MAX_PAGE + 1), None);
    }

    #[test]
    fn full_page_may_have_a_next_one() {
        assert_eq!(next(&[1, 2], 2, |last| *last), Some(2));
        assert_eq!(next(&[1], 2, |last| *last), None);
        assert_eq!(next(&[], 2, |last: &u8| *last), None);
    }
}
