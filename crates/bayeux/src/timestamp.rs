//! Times of day as messages carry them.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "timestamp": ISO 8601, in GMT. Observed: CometD's extension writes a text
//! of the server's locale, its JavaScript library another form; nobody reads either.

use std::fmt;

/// Milliseconds since 1970, shown as `2014-03-26T14:02:22.000Z`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timestamp(pub u64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY_MS: u64 = 86_400_000;
        let (year, month, day) = civil_date(self.0 / DAY_MS);
        let rest = self.0 % DAY_MS;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            rest / 3_600_000,
            rest / 60_000 % 60,
            rest / 1000 % 60,
            rest % 1000
        )
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
pub fn civil_date(day: u64) -> (u64, u64, u64) {
    // Years that begin in March, so that the leap day is the last; eras of 400 such years.
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_have_their_known_names() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_395_842_542_000, "2014-03-26T14:02:22.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp(ms).to_string(), text);
        }
    }
}
