//! What makes no sense is named, before anything happens.

use super::super::file::Scenario;
use super::house::{scenario, try_plan};

/// Why this is no scenario.
fn refused(text: &str) -> String {
    match Scenario::from_toml(text) {
        Err(error) => error.to_string(),
        Ok(scenario) => try_plan(&scenario, 1).expect_err(text),
    }
}

const HEAD: &str = "name = \"x\"\nduration = 60\n";
const CALL: &str = "[[calls]]\nto = [\"alice\"]\nfrom = \"+1\"\n";

#[test]
fn each_mistake_is_named() {
    for (text, named) in [
        ("duration = 1".to_owned(), "name"),
        (format!("{HEAD}color = 1"), "color"),
        ("name = \"\"\nduration = 1".to_owned(), "name"),
        ("name = \"x\"\nduration = 100000".to_owned(), "duration"),
        (format!("{HEAD}speed = 0"), "speed"),
        (format!("{HEAD}alive = 0"), "alive"),
        (format!("{HEAD}[[agents]]\nuser = \"mallory\""), "mallory"),
        (format!("{HEAD}[[agents]]\nuser = \"bob\"\n[[agents]]\nuser = \"bob\""), "second time"),
        (format!("{HEAD}{CALL}"), "`at` or `per_minute`"),
        (format!("{HEAD}{CALL}at = [61]"), "after the end"),
        (format!("{HEAD}{CALL}at = [1]\nabandons = 2"), "probability"),
        (format!("{HEAD}{CALL}at = [1]\nbetween = [0, 1]"), "`between`"),
        (format!("{HEAD}{CALL}per_minute = 0"), "`per_minute`"),
        (format!("{HEAD}{CALL}per_minute = 1e9"), "`per_minute`"),
        (format!("{HEAD}{CALL}at = [1]\ntalk = [2, 1]"), "span"),
        (format!("{HEAD}{CALL}at = [1]\ndata = {{ a = \"{{b}}\" }}"), "{b}"),
        (format!("{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"fly\""), "fly"),
        (format!("{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"attach\""), "`data` is missing"),
        (format!("{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"hold\"\nkey = \"k\""), "`key`"),
        (
            format!("{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"hold\"\nthen = \"back\""),
            "`then`",
        ),
        (
            format!("{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"transfer\"\nto = [\"bib\"]"),
            "bib",
        ),
        (
            format!("{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"transfer\"\nto = [\"+1\"]"),
            "only be consulted",
        ),
        (
            format!(
                "{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"consult\"\nchance = 0\n\
                     to = [{}\"bib\"]",
                "\"bob\", ".repeat(500)
            ),
            "bib",
        ),
        (
            format!(
                "{HEAD}{CALL}at = [1]\n[[calls.steps]]\ndo = \"transfer\"\n\
                     to = [{}\"+1\"]",
                "\"bob\", ".repeat(500)
            ),
            "only be consulted",
        ),
        (
            format!(
                "{HEAD}[[calls]]\nto = [{}]\nfrom = \"+1\"\nat = [1]",
                "\"bob\", ".repeat(1_001)
            ),
            "1000 names",
        ),
        (
            format!("{HEAD}[[calls]]\nto = [\"bob\", \"zoe\"]\nfrom = \"+1\"\nat = [1]"),
            "zoe, a user without a phone",
        ),
        (
            format!(
                "{HEAD}[[sms]]\nto = [\"bob\", \"bib\"]\nfrom = \"+1\"\ntext = \"x\"\n\
                     per_minute = 1\nbetween = [0, 0]"
            ),
            "bib",
        ),
        (
            format!(
                "{HEAD}[[sms]]\nmedium = \"email\"\nto = [\"bob\"]\nfrom = \"+1\"\ntext = \"x\"\n\
                     at = [1]"
            ),
            "no medium of messages",
        ),
        (format!("{HEAD}[[calls]]\nto = []\nfrom = \"+1\"\nat = [1]"), "`to` names nobody"),
        (format!("{HEAD}[[calls]]\nto = [\"alice\"]\nfrom = \"\"\nat = [1]"), "number"),
        (
            format!(
                "{HEAD}[[sms]]\nto = [\"bob\"]\nfrom = \"+1\"\ntext = \"x\"\nat = [1]\n\
                     [[sms.lines]]\nby = \"customer\"\ndata = {{ a = 1 }}"
            ),
            "lines[0]",
        ),
    ] {
        let error = refused(&text);
        assert!(error.contains(named), "{text}\n-> {error}");
    }
}

#[test]
fn bounds_on_stories_hold() {
    let storm = "name = \"x\"\nduration = 86400\n[[calls]]\nto = [\"alice\"]\nfrom = \"+1\"\n\
                 per_minute = 6000";
    assert!(refused(storm).contains("10000"), "{}", refused(storm));
    let heavy = format!(
        "name = \"x\"\nduration = 60\n[[calls]]\nto = [\"alice\"]\nfrom = \"+1\"\n\
         per_minute = 6000\ndata = {{ a = \"{}\" }}",
        "x".repeat(20_000)
    );
    assert!(refused(&heavy).contains("64 MiB"));
    let keys = format!(
        "name = \"x\"\nduration = 60\n[[calls]]\nto = [\"alice\"]\nfrom = \"+1\"\n\
         per_minute = 6000\n[[calls.steps]]\ndo = \"delete-pair\"\nkey = \"{}\"",
        "x".repeat(20_000)
    );
    assert!(refused(&keys).contains("64 MiB"));
}

#[test]
fn the_same_in_json() {
    let toml = scenario(
        "name = \"x\"\nduration = 60\n[[calls]]\nto = [\"alice\"]\nfrom = \"+1\"\nat = [1, [2, 3]]\n\
         data = { a = 1, b = { c = true } }\n[[calls.steps]]\ndo = \"clear\"",
    );
    let json = r#"{"name":"x","duration":60,"calls":[{"to":["alice"],"from":"+1","at":[1,[2,3]],
        "data":{"a":1,"b":{"c":true}},"steps":[{"do":"clear"}]}]}"#;
    assert_eq!(Scenario::from_json(json).unwrap(), toml);
}
