//! Waiting for something that is about to become true.

use std::future::Future;
use std::time::Duration;

/// How long a test waits for anything before it fails: far above what is ever needed, and below
/// the limit of the test runner.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Time between two looks, short beside anything a person would notice.
const STEP: Duration = Duration::from_millis(5);

/// Calls `look` until it returns `Ok`, for at most `deadline`.
///
/// # Panics
///
/// Past the deadline, with `what` and the last error.
pub async fn eventually<T, F>(what: &str, deadline: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let mut last = String::from("nothing: the first look did not end");
    let looking = async {
        loop {
            match look().await {
                Ok(seen) => return seen,
                Err(seen) => last = seen,
            }
            tokio::time::sleep(STEP).await;
        }
    };
    match tokio::time::timeout(deadline, looking).await {
        Ok(seen) => seen,
        Err(_) => panic!("{what}: not within {deadline:?}; last seen: {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_becomes_true_is_returned() {
        let mut looks = 0;
        let seen = eventually("three looks", DEADLINE, || {
            looks += 1;
            let seen = looks;
            async move { if seen == 3 { Ok(seen) } else { Err(seen.to_string()) } }
        });
        assert_eq!(seen.await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "last seen: still not")]
    async fn what_stays_false_panics_with_the_last_sight() {
        eventually("never", Duration::from_millis(20), || async {
            Err::<(), _>("still not".to_owned())
        })
        .await;
    }
}
