//! `encke journal`: the real binary on files of the real server.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use encke::calls::{CallId, Limits, Snapshot, State, Subject, replay_record};
use encke::journal::{Append, FileConfig, FileJournal, Journal, Key, Position, Version};
use encke_testkit::Agent;
use redb::{Database, ReadableTable, TableDefinition};
use serde_json::{Value, json};

use crate::house::House;

fn journal(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_encke"));
    command.arg("journal").args(arguments).arg("--data").arg(data).stdin(Stdio::null());
    command.output().unwrap()
}

/// Exit code, standard output, standard error.
fn run(arguments: &[&str], data: &Path) -> (Option<i32>, String, String) {
    let output = journal(arguments, data);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn lines(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const ALL: [&[&str]; 4] = [&["verify"], &["dump", "x"], &["export"], &["compact"]];

async fn open(data: &Path) -> House {
    House::with(|settings| settings.journal.data = Some(data.to_owned())).await
}

/// A folder in which a server kept a call with user data, and the call's id.
async fn served(data: &Path) -> String {
    let house = open(data).await;
    let mut alice = Agent::at(house.address, "alice");
    let call = alice.dial("15001").await;
    Agent::at(house.address, "bob").operate(&call, &json!({"operationName": "Answer"})).await;
    let attach = json!({"operationName": "AttachUserData", "userData": {"case": "7 \n é"}});
    alice.operate(&call, &attach).await;
    for arguments in ALL {
        let (code, out, errors) = run(arguments, data);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}: {errors}");
        assert!(errors.contains("the journal is open already"), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
    house.end().await;
    call
}

#[tokio::test]
async fn a_journal_is_verified_printed_and_compacted_once_its_server_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let call = served(data).await;
    let file = data.join("journal.redb");
    let before = fs::read(&file).unwrap();

    let (code, out, errors) = run(&["verify"], data);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.starts_with("3 records of 1 keys with "), "{out}");
    assert!(out.ends_with(", newest position 3: sound\n"), "{out}");

    let (code, dumped, errors) = run(&["dump", &call], data);
    assert_eq!(code, Some(0), "{errors}");
    let events = lines(&dumped);
    let numbers: Vec<_> =
        events.iter().map(|event| (&event["position"], &event["version"])).collect();
    assert_eq!(numbers, [(&json!(1), &json!(1)), (&json!(2), &json!(2)), (&json!(3), &json!(3))]);
    for event in &events {
        let time = event["time"].as_str().unwrap();
        assert!(time.len() == 24 && time.starts_with("20") && time.ends_with('Z'), "{time}");
        assert_eq!(event["event"]["call"]["call"], json!(call));
    }
    assert!(dumped.lines().last().unwrap().contains(r"7 \n é"), "{dumped}");

    let (code, out, errors) = run(&["export"], data);
    assert_eq!(code, Some(0), "{errors}");
    let records = lines(&out);
    assert_eq!(records.len(), 3);
    for (record, event) in records.iter().zip(&events) {
        assert_eq!(record["key"], json!(format!("call/{call}")));
        assert_eq!(record["position"], event["position"]);
        assert_eq!(record["version"], event["version"]);
        assert_eq!(record["record"]["event"], event["event"]);
    }

    let (code, out, errors) = run(&["dump", "nobody"], data);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{errors}");
    assert!(errors.contains("the journal knows no nobody"), "{errors}");
    assert!(fs::read(&file).unwrap() == before, "looking changed the file");

    let (code, out, errors) = run(&["compact"], data);
    assert_eq!(code, Some(0), "{errors}");
    let size = fs::metadata(&file).unwrap().len();
    assert_eq!(out, format!("{} bytes before, {size} bytes after\n", before.len()));

    // The logs of messages are journals too.
    let log = data.join("replay/notifications");
    let (code, out, errors) = run(&["verify"], &log);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(!lines(&run(&["export"], &log).1).is_empty());

    let house = open(data).await;
    let seen = Agent::at(house.address, "alice").call(&call).await;
    assert_eq!(seen["userData"], json!({"case": "7 \n é"}));
    house.end().await;
}

#[tokio::test]
async fn a_snapshot_is_printed_with_what_it_stands_for_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let call = served(data).await;
    {
        let journal = FileJournal::open(data, FileConfig::default()).unwrap();
        let entries = journal.scan(Position::ZERO, 2).await.unwrap();
        let mut state = State::new(Limits::default());
        for entry in &entries {
            replay_record(&mut state, entry).unwrap();
        }
        let of = Subject::Call(CallId::new(call.as_str()).unwrap());
        let snapshot = Snapshot::of(&state, &of).unwrap();
        let until = Version::new(snapshot.version());
        journal.snapshot(&entries[0].key, until, snapshot.to_record().into()).await.unwrap();
        journal.close().await;
    }
    let (code, out, errors) = run(&["verify"], data);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.starts_with("2 records of 1 keys with "), "{out}");
    assert!(out.ends_with(", 1 snapshots among them, newest position 3: sound\n"), "{out}");
    let (code, out, errors) = run(&["dump", &call], data);
    assert_eq!(code, Some(0), "{errors}");
    let dumped = lines(&out);
    assert_eq!((dumped.len(), &dumped[0]["stands_for"]), (2, &json!([1, 2])));
    assert_eq!((&dumped[0]["position"], &dumped[0]["version"]), (&json!(2), &json!(2)));
    assert_eq!(dumped[0]["snapshot"]["call"]["id"], json!(call));
    assert!(dumped[0].get("event").is_none() && dumped[1].get("stands_for").is_none(), "{out}");
    assert_eq!(dumped[1]["event"]["call"]["call"], json!(call));
    let (code, out, errors) = run(&["export"], data);
    assert_eq!(code, Some(0), "{errors}");
    let exported = lines(&out);
    assert_eq!(exported[0]["stands_for"], json!([1, 2]));
    assert_eq!(exported[0]["record"]["snapshot"], dumped[0]["snapshot"]);
    assert!(exported[1].get("stands_for").is_none(), "{out}");
    let (code, _, errors) = run(&["compact"], data);
    assert_eq!(code, Some(0), "{errors}");
    // The server goes on from there.
    let house = open(data).await;
    let attach = json!({"operationName": "AttachUserData", "userData": {"more": 1}});
    Agent::at(house.address, "alice").operate(&call, &attach).await;
    house.end().await;
    let (code, out, errors) = run(&["verify"], data);
    assert_eq!(code, Some(0), "{out}{errors}");
}

/// A line may have any printable name, which JSON may have to escape.
#[tokio::test]
async fn who_asked_is_printed_whatever_the_name_of_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let call = served(data).await;
    {
        let journal = FileJournal::open(data, FileConfig::default()).unwrap();
        let last = journal.scan(Position::new(2), 1).await.unwrap().remove(0);
        let record = str::from_utf8(&last.record).unwrap().strip_suffix('}').unwrap();
        let by = json!("15\"0\\0");
        let records = vec![format!("{record},\"by\":{by}}}").into()];
        let append = Append { key: last.key, expected: last.version, records };
        journal.append(vec![append]).await.unwrap();
        journal.close().await;
    }
    let (code, out, errors) = run(&["dump", &call], data);
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(lines(&out).pop().unwrap()["by"], "15\"0\\0");
}

#[test]
fn where_no_journal_is_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in ALL {
        let (code, out, errors) = run(arguments, folder.path());
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}: {errors}");
        assert!(errors.contains("there is no journal at"), "{arguments:?}: {errors}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let without_a_folder =
        Command::new(env!("CARGO_BIN_EXE_encke")).args(["journal", "verify"]).output();
    assert_eq!(without_a_folder.unwrap().status.code(), Some(64));
}

/// Appends records as whoever wrote the file wrongly would.
async fn append(data: &Path, key: &str, records: &[&str]) {
    let journal = FileJournal::open(data, FileConfig::default()).unwrap();
    let append = Append {
        key: Key::new(key).unwrap(),
        expected: Version::ZERO,
        records: records.iter().map(|record| (*record).to_owned().into()).collect(),
    };
    journal.append(vec![append]).await.unwrap();
    journal.close().await;
}

#[tokio::test]
async fn records_that_are_no_events_are_named_and_other_keys_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    append(folder.path(), "other/1", &["anything", "{\"a\":\n1}"]).await;
    let (code, out, errors) = run(&["verify"], folder.path());
    assert_eq!(code, Some(0), "{out}{errors}");
    let exported = lines(&run(&["export"], folder.path()).1);
    assert_eq!(exported[0]["base64"], json!("YW55dGhpbmc="));
    assert_eq!(exported[1]["record"], json!({"a": 1}));

    append(folder.path(), "call/C1", &["secret"]).await;
    let unknown = r#"{"v":1,"event":{"call":{"call":"C2","at_ms":5,"what":{"moved":{"party":0,"operation":"Answer","moves":[]}}}}}"#;
    append(folder.path(), "call/C2", &[unknown]).await;
    let (code, out, errors) = run(&["verify"], folder.path());
    assert_eq!(code, Some(1), "{out}{errors}");
    let found: Vec<_> = out.lines().collect();
    assert!(
        found[0].starts_with("position 3, key call/C1: the record at position 3 holds no event"),
        "{out}"
    );
    assert!(found[1].starts_with("position 4, key call/C2: the event at position 4"), "{out}");
    assert!(found[2].ends_with("newest position 4: damaged"), "{out}");
    assert_eq!(errors, "encke: the journal has 2 damages\n");
    let (code, _, errors) = run(&["dump", "C1"], folder.path());
    assert_eq!(code, Some(1));
    assert!(errors.contains("the record at position 3 holds no event"), "{errors}");
    assert!(!out.contains("secret") && !errors.contains("secret"), "{out}{errors}");
}

#[tokio::test]
async fn damage_is_said_in_one_line_and_the_file_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path()).await;
    let file = folder.path().join("journal.redb");
    let mut bytes = fs::read(&file).unwrap();
    let name = b"call/";
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place] ^= 0x10;
    }
    fs::write(&file, &bytes).unwrap();

    let (code, out, errors) = run(&["verify"], folder.path());
    assert_eq!(code, Some(1), "{out}{errors}");
    assert_eq!(errors, "encke: the journal is damaged beyond reading it\n");
    assert_eq!(out.lines().count(), 1, "{out}");
    for arguments in [&["export"][..], &["compact"]] {
        let (code, out, errors) = run(arguments, folder.path());
        assert_eq!((code, out.as_str()), (Some(1), ""), "{errors}");
        assert!(errors.contains("the journal is damaged: "), "{errors}");
    }
    let data = folder.path().to_str().unwrap();
    let serve = ["demo", "--listen", "127.0.0.1:0", "--data", data];
    let output = Command::new(env!("CARGO_BIN_EXE_encke")).args(serve).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let last = errors.lines().last().unwrap();
    assert!(
        last.starts_with("encke: the journal does not start: the journal is damaged: "),
        "{last}"
    );
    assert!(fs::read(&file).unwrap() == bytes, "a damaged file is left as it was");
}

#[tokio::test]
async fn one_damaged_record_is_named_by_every_command_and_by_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let call = served(folder.path()).await;
    {
        let database = Database::open(folder.path().join("journal.redb")).unwrap();
        let writing = database.begin_write().unwrap();
        let records: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
        let mut records = writing.open_table(records).unwrap();
        let mut frame = records.get(2).unwrap().unwrap().value().to_vec();
        frame[40] ^= 1;
        records.insert(2, frame.as_slice()).unwrap();
        drop(records);
        writing.commit().unwrap();
    }
    let what = "position 2: the checksum of the record is wrong";

    let (code, out, errors) = run(&["verify"], folder.path());
    assert_eq!(code, Some(1), "{out}{errors}");
    assert_eq!(out.lines().next(), Some(what), "{out}");

    let (code, out, errors) = run(&["export"], folder.path());
    assert_eq!(code, Some(1), "{out}{errors}");
    let positions: Vec<_> = lines(&out).iter().map(|record| record["position"].clone()).collect();
    assert_eq!(positions, [1, 3]);
    assert_eq!(errors, format!("encke: {what}\nencke: 1 records are missing\n"));

    let (code, out, errors) = run(&["dump", &call], folder.path());
    assert_eq!((code, lines(&out).len()), (Some(1), 1), "{errors}");
    assert!(errors.ends_with(&format!("the journal is damaged: {what}\n")), "{errors}");

    let data = folder.path().to_str().unwrap();
    let serve = ["demo", "--listen", "127.0.0.1:0", "--data", data];
    let output = Command::new(env!("CARGO_BIN_EXE_encke")).args(serve).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert_eq!(
        errors.lines().last().unwrap(),
        format!(
            "encke: the call-state core does not start: the journal of calls could not be read: \
             the journal is damaged: {what}"
        )
    );
}
