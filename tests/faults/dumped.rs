//! What a dump of the journal shows of a call: its versions without a gap, whatever a snapshot stands for.

use serde_json::Value;

/// The records of one call, oldest first.
pub(crate) struct Dumped {
    /// The call as the snapshot has it, where one has taken the place of the first events.
    pub(crate) snapshot: Option<Value>,
    /// Versions that the snapshot stands for; 0 without one.
    pub(crate) stands_for: u64,
    /// What happened to the call behind them.
    pub(crate) events: Vec<Value>,
}

impl Dumped {
    /// Takes lines apart.
    ///
    /// # Panics
    ///
    /// If a version is missing, is there twice, or is in a snapshot that is not the first.
    pub(crate) fn new(lines: Vec<Value>) -> Self {
        let mut dumped = Self { snapshot: None, stands_for: 0, events: Vec::new() };
        for mut line in lines {
            let version = line["version"].as_u64().expect("each line has its version");
            if dumped.last() == 0 && line["stands_for"] == serde_json::json!([1, version]) {
                dumped.stands_for = version;
                dumped.snapshot = Some(line["snapshot"]["call"].take());
                continue;
            }
            assert!(line["stands_for"].is_null(), "a snapshot comes first: {line}");
            assert_eq!(version, dumped.last() + 1, "versions have no gap: {line}");
            dumped.events.push(line["event"]["call"].take());
        }
        dumped
    }

    /// The last version; 0 if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.stands_for + self.events.len() as u64
    }
}
