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
    fn the_edges_count_what_lies_outside() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(1 << 40));
        let summary = latencies.summary().unwrap();
        assert_eq!(summary.p50_us, 1);
        assert!(summary.max_us >= LONGEST_US);
    }
}
