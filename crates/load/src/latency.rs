//! Latencies as a histogram, and its summary.
//!
//! Values are whole microseconds with three significant digits, from 1 us to one hour; what lies
//! outside is counted at the edge. Recorded from the moment a message was due, the histogram needs
//! no further correction for coordinated omission.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest latency that is told apart, in microseconds.
const LONGEST_US: u64 = 3_600_000_000;

/// A growing histogram.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    /// Without a value.
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, 3);
        Self(histogram.expect("the bounds are constants that the histogram accepts"))
    }

    /// Counts one latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US);
        self.0.saturating_record(us.clamp(1, LONGEST_US));
    }

    /// Adds the values of another histogram.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// Values at quantiles that come ever closer to 1, for a plot.
    pub(crate) fn percentiles(&self) -> Vec<Percentile> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut points = Vec::new();
        for decade in 0..6 {
            for step in 0..9 {
                // 1 - 1, 1 - 0.9, ... 1 - 0.2, then the same with a tenth of it.
                let left = (1.0 - f64::from(step) / 10.0) * 10_f64.powi(-decade);
                let us = self.0.value_at_quantile(1.0 - left);
                points.push(Percentile { quantile: 1.0 - left, us });
                if us >= self.0.max() {
                    return points;
                }
            }
        }
        points
    }

    /// What there is to say; `None` without a value.
    pub(crate) fn summary(&self) -> Option<LatencySummary> {
        if self.0.is_empty() {
            return None;
        }
        let at = |quantile| self.0.value_at_quantile(quantile);
        Some(LatencySummary {
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: self.0.max(),
        })
    }
}

/// A point of the curve of percentiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Percentile {
    /// The share of values that are at most `us`, from 0 to below 1.
    pub quantile: f64,
    /// Microseconds.
    pub us: u64,
}

/// Percentiles in microseconds, exact to three digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct LatencySummary {
    /// Half of the values are at most this.
    pub p50_us: u64,
    /// Nine of ten.
    pub p90_us: u64,
    /// 99 of 100.
    pub p99_us: u64,
    /// 999 of 1,000.
    pub p999_us: u64,
    /// The largest.
    pub max_us: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_values() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.summary(), None);
        for ms in 1..=1000 {
            latencies.record(Duration::from_millis(ms));
        }
        let summary = latencies.summary().unwrap();
        let near = |value: u64, expected: u64| value.abs_diff(expected) <= expected / 500;
        assert!(near(summary.p50_us, 500_000), "{summary:?}");
        assert!(near(summary.p90_us, 900_000), "{summary:?}");
        assert!(near(summary.p99_us, 990_000), "{summary:?}");
        assert!(near(summary.p999_us, 999_000), "{summary:?}");
        assert!(near(summary.max_us, 1_000_000), "{summary:?}");
    }

    #[test]
    fn the_curve_rises_and_ends_at_the_largest() {
        let (mut some, mut more) = (Latencies::new(), Latencies::new());
        assert_eq!(some.percentiles(), []);
        for us in 1..=5000 {
            some.record(Duration::from_micros(us));
            more.record(Duration::from_micros(us + 5000));
        }
        some.merge(&more);
        let curve = some.percentiles();
        assert!(curve.windows(2).all(|two| two[0].quantile < two[1].quantile));
        assert!(curve.windows(2).all(|two| two[0].us <= two[1].us));
        assert_eq!(curve.last().unwrap().us, some.summary().unwrap().max_us);
    }

    #[test]
    fn the_edges_count_what_lies_outside() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(1 << 40));
        let summary = latencies.summary().unwrap();
        assert_eq!(summary.p50_us, 1);
        assert!(summary.max_us >= LONGEST_US);
    }
}
