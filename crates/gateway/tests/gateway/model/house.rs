//! A small model of a house of four phones, written from the documents and not from the core: who
//! is on which call, what each sees of it, what each may do, and who is told what.

use std::collections::{BTreeMap, BTreeSet};

/// A number, which is also the name of whom it belongs to here.
pub(crate) type Line = &'static str;

pub(crate) const LINES: [Line; 4] = ["15000", "15001", "15002", "15009"];

/// Everything that can be asked on a call.
pub(crate) const OPERATIONS: [&str; 24] = [
    "Answer",
    "Hold",
    "Retrieve",
    "Hangup",
    "ClearCall",
    "SwapCalls",
    "SendDtmf",
    "MuteCall",
    "UnmuteCall",
    "SingleStepTransfer",
    "InitiateTransfer",
    "CompleteTransfer",
    "SingleStepConference",
    "InitiateConference",
    "CompleteConference",
    "RemoveParticipantFromConference",
    "StartCallRecording",
    "StopCallRecording",
    "PauseCallRecording",
    "ResumeCallRecording",
    "AttachUserData",
    "UpdateUserData",
    "DeleteUserData",
    "DeleteUserDataPair",
];

/// What one line sees of one call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    pub(crate) state: &'static str,
    pub(crate) others: BTreeSet<Line>,
    pub(crate) data: Vec<(String, String)>,
    pub(crate) muted: bool,
    pub(crate) recording: Option<&'static str>,
    pub(crate) parent: Option<usize>,
}

#[derive(Clone, Debug)]
struct Party {
    state: &'static str,
    muted: bool,
    /// What it saw when it left.
    last: Option<Seen>,
}

/// The call a consultation was made from.
#[derive(Clone, Debug)]
struct Parent {
    call: usize,
    by: Line,
    open: bool,
}

#[derive(Clone, Debug, Default)]
struct Call {
    parties: BTreeMap<Line, Party>,
    data: Vec<(String, String)>,
    recording: Option<&'static str>,
    parent: Option<Parent>,
    /// Who has made which consultation from here.
    asks: BTreeMap<Line, usize>,
}

/// A notification: to whom, about which call, of what kind.
pub(crate) type Told = (Line, usize, &'static str);

const STATUS: &str = "StatusChange";
const PARTICIPANTS: &str = "ParticipantsUpdated";

#[derive(Debug, Default)]
pub(crate) struct House {
    calls: Vec<Call>,
}

impl House {
    pub(crate) fn calls(&self) -> usize {
        self.calls.len()
    }

    /// What the line sees of the call; nothing if it never was on it.
    pub(crate) fn seen(&self, call: usize, line: Line) -> Option<Seen> {
        let party = self.calls[call].parties.get(line)?;
        Some(party.last.clone().unwrap_or_else(|| self.look(call, line)))
    }

    fn look(&self, at: usize, line: Line) -> Seen {
        let call = &self.calls[at];
        let party = &call.parties[line];
        let parent = call.parent.as_ref().filter(|parent| parent.by == line);
        Seen {
            state: party.state,
            others: call.live().into_iter().filter(|other| *other != line).collect(),
            data: call.data.clone(),
            muted: party.muted,
            recording: call.recording,
            parent: parent.map(|parent| parent.call),
        }
    }

    /// What the line may do on the call.
    pub(crate) fn may(&self, at: usize, line: Line) -> BTreeSet<&'static str> {
        OPERATIONS.into_iter().filter(|operation| self.allows(at, line, operation)).collect()
    }

    fn allows(&self, at: usize, line: Line, operation: &str) -> bool {
        let call = &self.calls[at];
        let Some(party) = call.parties.get(line) else { return false };
        let state = party.state;
        let talks = state == "Established";
        let here = talks || state == "Held";
        let asking = self.tie(at, line).is_some();
        match operation {
            "Answer" => state == "Ringing",
            "Hold" => talks && !asking,
            "Retrieve" => state == "Held" && !asking,
            "Hangup" => here || state == "Dialing",
            "SendDtmf" => talks || state == "Dialing",
            "SwapCalls" => here && asking,
            "CompleteTransfer" | "CompleteConference" => (here || state == "Dialing") && asking,
            "InitiateTransfer" | "InitiateConference" => {
                here && (!asking || call.asks.contains_key(line))
            }
            "MuteCall" | "UnmuteCall" | "SingleStepTransfer" | "SingleStepConference" => here,
            "RemoveParticipantFromConference" => talks && call.live().len() > 2,
            "StartCallRecording" => talks && matches!(call.recording, None | Some("Stopped")),
            "PauseCallRecording" => here && call.recording == Some("Recording"),
            "ResumeCallRecording" => here && call.recording == Some("Paused"),
            "StopCallRecording" => here && matches!(call.recording, Some("Recording" | "Paused")),
            "ClearCall" | "AttachUserData" | "UpdateUserData" | "DeleteUserData"
            | "DeleteUserDataPair" => state != "Released",
            other => unreachable!("{other}"),
        }
    }

    /// The first call and the consultation, if the line has an open one on this call.
    fn tie(&self, at: usize, line: Line) -> Option<(usize, usize)> {
        let call = &self.calls[at];
        if let Some(consult) = call.asks.get(line) {
            return Some((at, *consult));
        }
        let parent = call.parent.as_ref().filter(|parent| parent.open && parent.by == line)?;
        Some((parent.call, at))
    }

    pub(crate) fn dial(&mut self, from: Line, to: Line) -> Result<Vec<Told>, u64> {
        if from == to {
            return Err(10);
        }
        Ok(self.begin(Call::default(), from, to))
    }

    fn begin(&mut self, mut call: Call, from: Line, to: Line) -> Vec<Told> {
        call.parties.insert(from, Party { state: "Dialing", muted: false, last: None });
        call.parties.insert(to, Party { state: "Ringing", muted: false, last: None });
        self.calls.push(call);
        let at = self.calls.len() - 1;
        vec![(from, at, STATUS), (to, at, STATUS)]
    }

    /// Does what `line` asks for on a call, and answers who is told, or the `statusCode`.
    pub(crate) fn operate(
        &mut self,
        at: usize,
        line: Line,
        operation: &'static str,
        other: Line,
    ) -> Result<Vec<Told>, u64> {
        if !self.calls[at].parties.contains_key(line) {
            return Err(6);
        }
        if !self.allows(at, line, operation) {
            return Err(2);
        }
        let there = self.calls[at].live().contains(other);
        Ok(match operation {
            "Answer" => self.answer(at, line),
            "Hold" => self.set(at, line, "Held"),
            "Retrieve" => self.set(at, line, "Established"),
            "Hangup" => self.leave(at, &[line]),
            "ClearCall" => {
                let all = self.calls[at].live();
                self.leave(at, &all.into_iter().collect::<Vec<_>>())
            }
            "SendDtmf" => Vec::new(),
            "MuteCall" | "UnmuteCall" => {
                let muted = operation == "MuteCall";
                let party = self.calls[at].parties.get_mut(line).unwrap();
                let changes = std::mem::replace(&mut party.muted, muted) != muted;
                changes.then_some((line, at, STATUS)).into_iter().collect()
            }
            "SwapCalls" => self.swap(at, line),
            "SingleStepTransfer" | "SingleStepConference" if there => return Err(2),
            "SingleStepTransfer" => self.transfer(at, line, other),
            "SingleStepConference" => {
                let told = self.come(at, &[(other, "Ringing")]);
                self.told_of_arrival(at, told)
            }
            "InitiateTransfer" | "InitiateConference" if other == line => return Err(10),
            "InitiateTransfer" | "InitiateConference" if there => return Err(2),
            "InitiateTransfer" | "InitiateConference" => self.ask(at, line, other),
            "CompleteTransfer" => self.complete(at, line, true)?,
            "CompleteConference" => self.complete(at, line, false)?,
            "RemoveParticipantFromConference" if !there || other == line => return Err(10),
            "RemoveParticipantFromConference" => self.leave(at, &[other]),
            "StartCallRecording" | "ResumeCallRecording" => self.record(at, "Recording", "\"ON\""),
            "PauseCallRecording" => self.record(at, "Paused", "\"PAUSED\""),
            "StopCallRecording" => self.record(at, "Stopped", ""),
            "AttachUserData" => {
                self.calls[at].data.push(("k".into(), format!("\"{other}\"")));
                self.all(at, "AttachedDataChanged")
            }
            "UpdateUserData" => {
                self.calls[at].put("k", &format!("\"{other}\""));
                self.all(at, "AttachedDataChanged")
            }
            "DeleteUserData" | "DeleteUserDataPair" => {
                let data = &mut self.calls[at].data;
                let before = data.len();
                data.retain(|(key, _)| operation == "DeleteUserDataPair" && key != "k");
                let changes = data.len() != before;
                if changes { self.all(at, "AttachedDataChanged") } else { Vec::new() }
            }
            other => unreachable!("{other}"),
        })
    }

    fn set(&mut self, at: usize, line: Line, state: &'static str) -> Vec<Told> {
        self.calls[at].parties.get_mut(line).unwrap().state = state;
        vec![(line, at, STATUS)]
    }

    fn all(&self, at: usize, kind: &'static str) -> Vec<Told> {
        self.calls[at].live().into_iter().map(|line| (line, at, kind)).collect()
    }

    fn answer(&mut self, at: usize, line: Line) -> Vec<Told> {
        let mut told = self.set(at, line, "Established");
        for waits in self.calls[at].live() {
            if self.calls[at].parties[waits].state == "Dialing" {
                let back = self.tie(at, waits).is_some_and(|(first, consult)| {
                    consult == at && self.calls[first].parties[waits].state == "Established"
                });
                told.extend(self.set(at, waits, if back { "Held" } else { "Established" }));
            }
        }
        told
    }

    fn swap(&mut self, at: usize, line: Line) -> Vec<Told> {
        let (first, consult) = self.tie(at, line).unwrap();
        let mut told = Vec::new();
        for at in [first, consult] {
            match self.calls[at].parties[line].state {
                "Held" => told.extend(self.set(at, line, "Established")),
                "Established" => told.extend(self.set(at, line, "Held")),
                _ => {}
            }
        }
        told
    }

    fn record(&mut self, at: usize, recording: &'static str, value: &str) -> Vec<Told> {
        let call = &mut self.calls[at];
        call.recording = Some(recording);
        if value.is_empty() {
            call.data.retain(|(key, _)| key != "GSIP_RECORD");
        } else {
            call.put("GSIP_RECORD", value);
        }
        self.all(at, "CallRecordingStateChange")
    }

    fn ask(&mut self, at: usize, line: Line, other: Line) -> Vec<Told> {
        let mut told = self.set(at, line, "Held");
        let mut data = self.calls[at].data.clone();
        data.retain(|(key, _)| key != "GSIP_RECORD");
        let parent = Some(Parent { call: at, by: line, open: true });
        let consult = self.calls.len();
        let before = self.calls[at].asks.insert(line, consult);
        told.extend(self.begin(Call { data, parent, ..Call::default() }, line, other));
        if let Some(before) = before {
            self.calls[before].parent.as_mut().unwrap().open = false;
            told.push((line, before, STATUS));
        }
        told
    }

    /// These go; who is left alone goes too; calls that were tied to them are on their own.
    fn leave(&mut self, at: usize, going: &[Line]) -> Vec<Told> {
        let stay: Vec<Line> =
            self.calls[at].live().into_iter().filter(|line| !going.contains(line)).collect();
        let alone = if stay.len() < 2 { stay.clone() } else { Vec::new() };
        let going: Vec<Line> = going.iter().copied().chain(alone.iter().copied()).collect();
        self.gone(at, &going);
        let mut told: Vec<Told> = going.iter().map(|line| (*line, at, STATUS)).collect();
        if alone.is_empty() {
            told.extend(stay.into_iter().map(|line| (line, at, PARTICIPANTS)));
        }
        for line in going {
            told.extend(self.untie(at, line));
        }
        told
    }

    /// They are released, and keep what they see.
    fn gone(&mut self, at: usize, going: &[Line]) {
        let seen: Vec<Seen> = going.iter().map(|line| self.look(at, line)).collect();
        let call = &mut self.calls[at];
        for (line, mut seen) in going.iter().zip(seen) {
            seen.state = "Released";
            seen.recording = seen.recording.map(|_| "Stopped");
            let party = call.parties.get_mut(line).unwrap();
            (party.state, party.last) = ("Released", Some(seen));
        }
        if call.live().is_empty() {
            call.recording = call.recording.map(|_| "Stopped");
        }
    }

    fn untie(&mut self, at: usize, line: Line) -> Option<Told> {
        if let Some(consult) = self.calls[at].asks.remove(line) {
            self.calls[consult].parent.as_mut().unwrap().open = false;
            return self.calls[consult].live().contains(line).then_some((line, consult, STATUS));
        }
        let parent = self.calls[at].parent.as_mut().filter(|parent| parent.open)?;
        if parent.by != line {
            return None;
        }
        parent.open = false;
        let first = parent.call;
        self.calls[first].asks.remove(line);
        Some((line, first, STATUS))
    }

    /// They come onto the call, and are told.
    fn come(&mut self, at: usize, coming: &[(Line, &'static str)]) -> Vec<Told> {
        let call = &mut self.calls[at];
        for (line, state) in coming {
            call.parties.insert(line, Party { state, muted: false, last: None });
            // Who left and had seen the line on the call has no place for it any more.
            for last in call.parties.values_mut().filter_map(|party| party.last.as_mut()) {
                last.others.remove(line);
            }
        }
        coming.iter().map(|(line, _)| (*line, at, STATUS)).collect()
    }

    /// Everybody else on the call is told of what `told` has.
    fn told_of_arrival(&self, at: usize, mut told: Vec<Told>) -> Vec<Told> {
        let here: Vec<Line> = told.iter().filter(|told| told.1 == at).map(|told| told.0).collect();
        let rest = self.calls[at].live().into_iter().filter(|line| !here.contains(line));
        told.extend(rest.map(|line| (line, at, PARTICIPANTS)));
        told
    }

    fn transfer(&mut self, at: usize, line: Line, other: Line) -> Vec<Told> {
        self.gone(at, &[line]);
        let mut told = self.come(at, &[(other, "Ringing")]);
        told.push((line, at, STATUS));
        let mut told = self.told_of_arrival(at, told);
        told.extend(self.untie(at, line));
        told
    }

    fn complete(&mut self, at: usize, line: Line, leaves: bool) -> Result<Vec<Told>, u64> {
        let (first, consult) = self.tie(at, line).unwrap();
        let all: Vec<Line> = self.calls[consult].live().into_iter().collect();
        let coming: Vec<(Line, &'static str)> = all
            .iter()
            .filter(|other| **other != line)
            .map(|other| (*other, self.calls[consult].parties[other].state))
            .collect();
        if coming.iter().any(|(other, _)| self.calls[first].live().contains(other)) {
            return Err(2);
        }
        self.gone(consult, &all);
        self.calls[consult].parent.as_mut().unwrap().open = false;
        self.calls[first].asks.remove(line);
        let mut told: Vec<Told> = all.iter().map(|line| (*line, consult, STATUS)).collect();
        if leaves {
            self.gone(first, &[line]);
            told.push((line, first, STATUS));
        } else {
            self.calls[first].parties.get_mut(line).unwrap().state = "Established";
        }
        let come = self.come(first, &coming);
        told.extend(come);
        let mut told = self.told_of_arrival(first, told);
        for (other, _) in coming {
            told.extend(self.untie(consult, other));
        }
        Ok(told)
    }
}

impl Call {
    fn live(&self) -> BTreeSet<Line> {
        let live = self.parties.iter().filter(|(_, party)| party.state != "Released");
        live.map(|(line, _)| *line).collect()
    }

    fn put(&mut self, key: &str, value: &str) {
        let first = self.data.iter().position(|(known, _)| known == key);
        let mut nth = 0..;
        self.data.retain(|(known, _)| nth.next() == first || known != key);
        match self.data.iter_mut().find(|(known, _)| known == key) {
            Some(pair) => pair.1 = value.into(),
            None => self.data.push((key.into(), value.into())),
        }
    }
}
