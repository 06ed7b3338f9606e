//! Operations on interactions of other media than SMS that cannot be done.

use crate::case::Case;
use crate::ground::World;

const PATHS: [&str; 9] = [
    "chats",
    "emails",
    "workitems",
    "openmedia/promotion",
    "im-sessions",
    "facebooksession",
    "facebooksessions",
    "twitter",
    "twitters",
];

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let attach = r#"{"operationName":"AttachUserData","userData":{"a":"b"}}"#;
    let mut cases = Vec::new();
    for path in PATHS {
        let unknown = format!("me/{path}/0000Wa9CAM6W00J");
        let other = format!("me/{path}/{}", world.sms);
        let others = format!("{path}/{}", world.sms);
        cases.extend([
            Case::rest("an unknown interaction", &unknown, attach, 404, 6, "*does not exist*"),
            Case::rest("an SMS session's id", &other, attach, 404, 6, "*does not exist*"),
            Case::rest("nothing", &other, "", 400, 1, "the body is empty*"),
            Case::rest(
                "a voice operation",
                &other,
                r#"{"operationName":"Hold"}"#,
                400,
                10,
                "*Hold*",
            ),
            Case::rest("others', by an agent", &others, attach, 403, 5, "*supervisor*"),
        ]);
    }
    cases
}
