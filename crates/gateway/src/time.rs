//! Instants as texts, and the only place of this crate that reads a clock.

use std::fmt;
use std::time::Instant;

use encke_bayeux::timestamp::civil_date;

/// The monotonic clock, for the broker's deadlines and for measured durations.
#[expect(clippy::disallowed_methods, reason = "the clock module of this crate")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970 shown as `2014-03-26 16:02:22.000+0000`, always in UTC.
///
/// # Sources
///
/// Documented: HTCC "Message resource", `timestamp` in `yyyy-MM-dd HH:mm:ss.SSSZ` format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamp(pub(crate) u64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY_MS: u64 = 86_400_000;
        let (year, month, day) = civil_date(self.0 / DAY_MS);
        let rest = self.0 % DAY_MS;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{:03}+0000",
            rest / 3_600_000,
            rest / 60_000 % 60,
            rest / 1000 % 60,
            rest % 1000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_have_their_known_names() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00.000+0000"),
            (951_782_400_000, "2000-02-29 00:00:00.000+0000"),
            (951_868_799_999, "2000-02-29 23:59:59.999+0000"),
            (951_868_800_000, "2000-03-01 00:00:00.000+0000"),
            (1_395_842_542_000, "2014-03-26 14:02:22.000+0000"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000+0000"),
        ] {
            assert_eq!(Timestamp(ms).to_string(), text);
        }
    }
}
