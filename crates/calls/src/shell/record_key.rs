//! Under which journal key the events of a subject stand.

use encke_journal::Key;

use crate::{CallId, Dn, InteractionId, InteractionKey, LineId, Medium, Subject};

const CALL: &str = "call";
const LINE: &str = "line";

/// The key of a journal under which the events of `subject` stand: of an interaction below the name
/// of its medium.
pub fn of(subject: &Subject) -> Key {
    let text = match subject {
        Subject::Call(id) => format!("{CALL}/{id}"),
        Subject::Interaction(InteractionKey { medium, id }) => format!("{}/{id}", medium.name()),
        Subject::Line(id) => format!("{LINE}/{}/{}", id.era, id.dn),
    };
    Key::new(text).expect("an id with its kind is shorter than the longest key")
}

/// Whether `key` is the one of `subject`.
pub(super) fn is_of(key: &Key, subject: &Subject) -> bool {
    let Some((kind, rest)) = key.as_str().split_once('/') else { return false };
    match subject {
        Subject::Call(id) => kind == CALL && rest == id.as_str(),
        Subject::Interaction(key) => kind == key.medium.name() && rest == key.id.as_str(),
        Subject::Line(id) => {
            kind == LINE
                && rest
                    .split_once('/')
                    .is_some_and(|(era, dn)| dn == id.dn.as_str() && era.parse() == Ok(id.era))
        }
    }
}

/// Where the core asks a failing journal whether it works again; no subject's key.
pub(super) fn probe() -> Key {
    Key::new("probe").expect("a short text is a key")
}

/// The subject whose key this is; `None` for keys that are not ours.
pub(super) fn subject(key: &Key) -> Option<Subject> {
    let (kind, rest) = key.as_str().split_once('/')?;
    match kind {
        CALL => CallId::new(rest).ok().map(Subject::Call),
        LINE => {
            let (era, dn) = rest.split_once('/')?;
            Some(Subject::Line(LineId { dn: Dn::new(dn).ok()?, era: era.parse().ok()? }))
        }
        medium => {
            let medium = Medium::named(medium)?;
            let id = InteractionId::new(rest).ok()?;
            Some(Subject::Interaction(InteractionKey { medium, id }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interaction(medium: Medium) -> Subject {
        Subject::Interaction(InteractionKey { medium, id: InteractionId::new("a1").unwrap() })
    }

    #[test]
    fn a_key_leads_back_to_its_subject() {
        for subject in [
            Subject::Call(CallId::new("A".repeat(CallId::MAX_BYTES)).unwrap()),
            interaction(Medium::Sms),
            interaction(Medium::Openmedia),
            Subject::Line(LineId { dn: Dn::new("1/5").unwrap(), era: u64::MAX }),
        ] {
            assert!(is_of(&of(&subject), &subject));
            assert!(!is_of(&probe(), &subject));
            assert_eq!(super::subject(&of(&subject)), Some(subject));
        }
        assert_eq!(subject(&Key::new("other/1").unwrap()), None);
        assert_eq!(subject(&probe()), None);
        let texts = Medium::ALL.map(|medium| of(&interaction(medium)).as_str().to_owned());
        assert_eq!(texts[0], "sms/a1", "as it was when there was no other medium");
        assert!(!is_of(&of(&interaction(Medium::Sms)), &interaction(Medium::Chat)));
    }
}
