use super::*;

fn data(object: &str) -> UserData {
    UserData::parse(object).unwrap()
}

fn json(data: &UserData) -> String {
    let mut out = String::new();
    data.write_json(&mut out, Duplicates::All);
    out
}

#[test]
fn order_and_repeats_of_an_object_are_kept() {
    let text = r#"{"b":1,"a":2,"b":{"x":[true,null]},"":""}"#;
    assert_eq!(json(&data(text)), text);
}

#[test]
fn digits_are_kept_as_they_came() {
    let text = r#"{"a":1.10,"b":9223372036854775808,"c":12345678901234567890123,"d":1E+2}"#;
    assert_eq!(json(&data(text)), text);
}

#[test]
fn a_record_holds_a_list_of_pairs_and_reads_back_the_same() {
    let before = data(r#"{"a":1.10,"a":"x","b":{"c":[1]}}"#);
    let record = serde_json::to_string(&before).unwrap();
    assert_eq!(record, r#"[["a",1.10],["a","x"],["b",{"c":[1]}]]"#);
    assert_eq!(serde_json::from_str::<UserData>(&record).unwrap(), before);
    assert_eq!(serde_json::from_str::<UserData>(r#"{"a":1.10}"#).unwrap(), data(r#"{"a":1.10}"#));
}

#[test]
fn only_objects_are_user_data() {
    for text in ["1", "[]", "null", "\"a\""] {
        assert!(matches!(UserData::parse(text), Err(UserDataError::NotAnObject)), "{text}");
    }
    for text in ["", "{", "{\"a\":}", "{\"a\":1}x", "{\"a\":1,}", "{a:1}"] {
        assert!(matches!(UserData::parse(text), Err(UserDataError::Syntax { .. })), "{text}");
    }
}

#[test]
fn rules_of_the_operations_hold() {
    type Change = fn(&mut UserData);
    let cases: [(&str, &str, Change, &str); 11] = [
        ("attach adds", r#"{"a":1}"#, |d| d.attach(&data(r#"{"b":2}"#)), r#"{"a":1,"b":2}"#),
        (
            "attach repeats a key",
            r#"{"a":1,"b":2}"#,
            |d| d.attach(&data(r#"{"a":3}"#)),
            r#"{"a":1,"b":2,"a":3}"#,
        ),
        (
            "update replaces in place and appends new keys",
            r#"{"a":1,"b":2}"#,
            |d| d.update(&data(r#"{"c":3,"a":"x"}"#)),
            r#"{"a":"x","b":2,"c":3}"#,
        ),
        (
            "update removes further pairs of the key",
            r#"{"a":1,"b":2,"a":3,"a":4}"#,
            |d| d.update(&data(r#"{"a":9}"#)),
            r#"{"a":9,"b":2}"#,
        ),
        (
            "update with a repeated key ends with the last value",
            r#"{"a":1}"#,
            |d| d.update(&data(r#"{"b":1,"a":2,"b":3}"#)),
            r#"{"a":2,"b":3}"#,
        ),
        (
            "delete pair removes every pair of the key",
            r#"{"a":1,"b":2,"a":3}"#,
            |d| assert_eq!(d.delete_pair("a"), 2),
            r#"{"b":2}"#,
        ),
        (
            "delete pair of a missing key changes nothing",
            r#"{"a":1}"#,
            |d| assert_eq!(d.delete_pair("b"), 0),
            r#"{"a":1}"#,
        ),
        (
            "delete keys removes the given keys",
            r#"{"a":1,"b":2,"c":3,"b":4}"#,
            |d| assert_eq!(d.delete_keys(&["b", "c", "z"]), 3),
            r#"{"a":1}"#,
        ),
        ("clear removes all", r#"{"a":1,"a":2}"#, |d| assert_eq!(d.clear(), 2), "{}"),
        (
            "a value may change its type",
            r#"{"a":"1"}"#,
            |d| d.update(&data(r#"{"a":{"b":[]}}"#)),
            r#"{"a":{"b":[]}}"#,
        ),
        (
            "keys differ by case",
            r#"{"a":1}"#,
            |d| d.update(&data(r#"{"A":2}"#)),
            r#"{"a":1,"A":2}"#,
        ),
    ];
    for (name, before, change, after) in cases {
        let mut subject = data(before);
        change(&mut subject);
        assert_eq!(json(&subject), after, "{name}");
    }
}

#[test]
fn the_worked_example_of_t_library_holds() {
    let before = data(r#"{"data1":1234,"data2":5678,"data3":9012}"#);
    let given = data(r#"{"data3":9999,"data4":4,"data5":5}"#);
    let (mut attached, mut updated) = (before.clone(), before);
    attached.attach(&given);
    updated.update(&given);
    assert_eq!(
        json(&attached),
        r#"{"data1":1234,"data2":5678,"data3":9012,"data3":9999,"data4":4,"data5":5}"#
    );
    assert_eq!(json(&updated), r#"{"data1":1234,"data2":5678,"data3":9999,"data4":4,"data5":5}"#);
}

#[test]
fn last_duplicates_are_written_at_their_place() {
    let mut out = String::new();
    data(r#"{"a":1,"b":2,"a":3,"c":4}"#).write_json(&mut out, Duplicates::Last);
    assert_eq!(out, r#"{"b":2,"a":3,"c":4}"#);
}

#[test]
fn a_list_has_every_pair_in_its_order() {
    let list = |object: &str| {
        let mut out = String::new();
        data(object).write_json(&mut out, Duplicates::List);
        out
    };
    assert_eq!(
        list(r#"{"a":1.10,"b\"":{"x":[1]},"a":"3"}"#),
        r#"[{"key":"a","value":1.10},{"key":"b\"","value":{"x":[1]}},{"key":"a","value":"3"}]"#
    );
    assert_eq!(list("{}"), "[]");
}

#[test]
fn keys_that_changed_are_those_whose_pairs_differ() {
    for (before, after, keys) in [
        ("{}", "{}", &[][..]),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, &[]),
        (r#"{"a":1}"#, r#"{"a":1.0}"#, &["a"]),
        (r#"{"a":1,"b":2}"#, r#"{"a":1,"c":3,"b":4}"#, &["c", "b"]),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2}"#, &["a"]),
        (r#"{"a":1}"#, r#"{"a":1,"a":1}"#, &["a"]),
        (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#, &["a"]),
        (r#"{"x":1,"y":1}"#, r#"{"new":1}"#, &["new", "x", "y"]),
    ] {
        let (before, after) = (data(before), data(after));
        assert_eq!(after.changed_since(&before), keys, "{}", json(&after));
        assert_eq!(after.clone().changed_since(&after), Vec::<&str>::new());
    }
}

#[test]
fn a_change_leaves_clones_alone() {
    let before = data(r#"{"a":1}"#);
    let mut changed = before.clone();
    changed.attach(&before);
    assert_eq!((before.len(), changed.len()), (1, 2));
}

#[test]
fn packed_size_counts_keys_values_and_overhead() {
    assert_eq!(UserData::new().packed_bytes(), 0);
    assert_eq!(data(r#"{"key":"value"}"#).packed_bytes(), 3 + 7 + UserData::PAIR_OVERHEAD_BYTES);
}

#[test]
fn brackets_within_texts_are_no_depth() {
    assert_eq!(data("{}").depth(), 1);
    assert_eq!(data(r#"{"a":"[[[\"[["}"#).depth(), 1);
    assert_eq!(data(r#"{"a":{"b":[1]},"c":[]}"#).depth(), 3);
}

#[test]
fn keys_are_escaped_again_on_writing() {
    let text = r#"{"a\"\n\\":1}"#;
    assert_eq!(json(&data(text)), text);
}

#[test]
fn debug_never_shows_keys_or_values() {
    let shown = format!("{:?} {:?}", data(r#"{"secret":"hidden"}"#), {
        let data = data(r#"{"secret":"hidden"}"#);
        data.iter().next().cloned()
    });
    assert!(!shown.contains("secret") && !shown.contains("hidden"), "{shown}");
}
