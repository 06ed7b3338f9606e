//! The description of the feed against what it does.

use std::collections::BTreeSet;

use encke_testkit::schema::conforms;
use serde_json::{Value, json};

use super::problem::Problem;
use super::said::Code;
use super::*;

/// Codes of the door in front, and of the router.
const OF_OTHERS: [&str; 7] = [
    "access_denied",
    "foreign_origin",
    "method_not_allowed",
    "no_such_path",
    "too_many_failures",
    "too_many_requests",
    "wrong_key",
];

fn document() -> Value {
    serde_json::from_str(DESCRIPTION).unwrap()
}

fn texts(of: &Value) -> impl Iterator<Item = String> + '_ {
    of.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned())
}

#[test]
fn each_path_is_described_and_no_other() {
    let ours: BTreeSet<String> = routes().iter().map(|(path, _)| format!("{ROOT}{path}")).collect();
    let described = document()["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(ours, described);
}

#[test]
fn codes_are_those_of_the_description() {
    let schemas = &document()["components"]["schemas"];
    let answers = schemas["Answer"]["oneOf"].as_array().unwrap();
    let described: BTreeSet<String> = answers
        .iter()
        .map(|answer| &answer["properties"]["error"]["enum"])
        .filter(|codes| codes.is_array())
        .flat_map(texts)
        .collect();
    let ours: BTreeSet<String> = Code::ALL
        .iter()
        .map(|code| serde_json::to_value(code).unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ours.len(), Code::ALL.len());
    assert_eq!(described, ours);

    let text = String::new;
    let problems = [
        Problem::NotAllowed,
        Problem::Path(text()),
        Problem::Query(text()),
        Problem::UnknownCall,
        Problem::PositionAhead(1),
        Problem::TooManyStreams(1),
        Problem::Failed,
    ];
    let mut ours: BTreeSet<String> =
        problems.iter().map(|problem| problem.code().to_owned()).collect();
    ours.extend(OF_OTHERS.map(str::to_owned));
    let code = &schemas["Error"]["properties"]["error"]["properties"]["code"];
    assert_eq!(texts(&code["enum"]).collect::<BTreeSet<_>>(), ours);
}

/// The lines of the page are what the description says, and what it rules out is no report.
#[test]
fn lines_of_the_page_are_those_of_the_description() {
    let document = document();
    let page = include_str!("../../../../docs/FEED.md");
    let source = encke::calls::SourceName::new("pbx").unwrap();
    let (mut reports, mut answers, mut changes) = (0, 0, 0);
    for block in page.split("```").skip(1).step_by(2) {
        let (kind, lines) = block.split_once('\n').unwrap();
        for line in lines.lines() {
            let count = match kind {
                "json feed" => &mut reports,
                "json answers" => &mut answers,
                "json" => &mut changes,
                _ => continue,
            };
            *count += 1;
            let value: Value = serde_json::from_str(line).unwrap();
            let name = match kind {
                "json feed" => "Report",
                "json answers" => "Answer",
                _ => "Change",
            };
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            let described = conforms(&document, &schema, &value);
            if name == "Report" {
                let read = line::read(&source, line.as_bytes(), 66);
                assert_eq!(described.is_ok(), read.is_ok(), "{line}: {described:?}, {read:?}");
            } else {
                assert_eq!(described, Ok(()), "{line}");
            }
        }
    }
    assert!(reports > 20 && answers > 20 && changes > 3, "{reports} {answers} {changes}");
}
