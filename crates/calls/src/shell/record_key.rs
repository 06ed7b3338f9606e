//! Under which journal key the events of a subject stand.

use encke_journal::Key;

use crate::{CallId, Dn, LineId, SmsId, Subject};

const CALL: &str = "call/";
const SMS: &str = "sms/";
const LINE: &str = "line/";

/// The key of a journal under which the events of `subject` stand.
pub fn of(subject: &Subject) -> Key {
    let text = match subject {
        Subject::Call(id) => format!("{CALL}{id}"),
        Subject::Sms(id) => format!("{SMS}{id}"),
        Subject::Line(id) => format!("{LINE}{}/{}", id.era, id.dn),
    };
    Key::new(text).expect("an id with its kind is shorter than the longest key")
}

/// Whether `key` is the one of `subject`.
pub(super) fn is_of(key: &Key, subject: &Subject) -> bool {
    let key = key.as_str();
    match subject {
        Subject::Call(id) => key.strip_prefix(CALL) == Some(id.as_str()),
        Subject::Sms(id) => key.strip_prefix(SMS) == Some(id.as_str()),
        Subject::Line(id) => {
            let line = key.strip_prefix(LINE).and_then(|line| line.split_once('/'));
            line.is_some_and(|(era, dn)| dn == id.dn.as_str() && era.parse() == Ok(id.era))
        }
    }
}

/// Where the core asks a failing journal whether it works again; no subject's key.
pub(super) fn probe() -> Key {
    Key::new("probe").expect("a short text is a key")
}

/// The subject whose key this is; `None` for keys that are not ours.
pub(super) fn subject(key: &Key) -> Option<Subject> {
    let text = key.as_str();
    if let Some(id) = text.strip_prefix(CALL) {
        return CallId::new(id).ok().map(Subject::Call);
    }
    if let Some(line) = text.strip_prefix(LINE) {
        let (era, dn) = line.split_once('/')?;
        return Some(Subject::Line(LineId { dn: Dn::new(dn).ok()?, era: era.parse().ok()? }));
    }
    text.strip_prefix(SMS).and_then(|id| SmsId::new(id).ok()).map(Subject::Sms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_back_to_its_subject() {
        for subject in [
            Subject::Call(CallId::new("A".repeat(CallId::MAX_BYTES)).unwrap()),
            Subject::Sms(SmsId::new("a1").unwrap()),
            Subject::Line(LineId { dn: Dn::new("1/5").unwrap(), era: u64::MAX }),
        ] {
            assert!(is_of(&of(&subject), &subject));
            assert!(!is_of(&probe(), &subject));
            assert_eq!(super::subject(&of(&subject)), Some(subject));
        }
        assert_eq!(subject(&Key::new("other/1").unwrap()), None);
        assert_eq!(subject(&probe()), None);
    }
}
