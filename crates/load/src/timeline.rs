//! What a run looked like second by second, in bounded space.

use std::time::Duration;

use serde::Serialize;

/// Samples that are kept; beyond, every second one is dropped and they are taken half as often.
const MAX_SAMPLES: usize = 1200;

/// One moment of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sample {
    /// Seconds since the first connection.
    pub at_seconds: f64,
    /// Sessions that were up.
    pub up: u64,
    /// Polls that were held.
    pub held: u64,
    /// Messages that the server had accepted.
    pub sent: u64,
    /// Deliveries up to then.
    pub delivered: u64,
    /// The server's resident set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_bytes: Option<u64>,
    /// The server's user and system time, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_seconds: Option<f64>,
    /// User and system time of this process, in seconds.
    pub client_cpu_seconds: f64,
}

/// Samples at equal distances.
#[derive(Debug)]
pub(crate) struct Timeline {
    samples: Vec<Sample>,
    every: u32,
    skipped: u32,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self { samples: Vec::new(), every: 1, skipped: 0 }
    }

    /// Time between two samples.
    pub(crate) const STEP: Duration = Duration::from_secs(1);

    /// Adds what was seen one step after the last.
    pub(crate) fn push(&mut self, sample: Sample) {
        self.skipped += 1;
        if self.skipped < self.every {
            return;
        }
        self.skipped = 0;
        self.samples.push(sample);
        if self.samples.len() >= MAX_SAMPLES {
            let mut at = 0;
            self.samples.retain(|_| {
                at += 1;
                at % 2 == 0
            });
            self.every *= 2;
        }
    }

    /// Adds what was seen at the end, whatever the distance.
    pub(crate) fn finish(mut self, sample: Sample) -> Vec<Sample> {
        self.samples.push(sample);
        self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_fits_and_distances_stay_equal() {
        let mut timeline = Timeline::new();
        for second in 1..=86_400_u32 {
            timeline.push(Sample { at_seconds: f64::from(second), ..Sample::default() });
        }
        let samples = timeline.samples;
        assert!(samples.len() < MAX_SAMPLES && samples.len() > MAX_SAMPLES / 4);
        let step = samples[1].at_seconds - samples[0].at_seconds;
        assert!(
            samples
                .windows(2)
                .all(|two| { (two[1].at_seconds - two[0].at_seconds - step).abs() < 1e-9 })
        );
    }
}
