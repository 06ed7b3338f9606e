//! Every test that `docs/PAINS.md` and `docs/GWS.md` name exists, and every row names one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of all tests: of functions in Rust, of `test(...)` in JavaScript.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![root().join("crates"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !["node_modules", "target", "assets"].contains(&name) {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                rust(&text, &mut names);
                if path.components().any(|part| part.as_os_str() == "scenarios") {
                    conformance(&text, &mut names);
                }
            } else if name.ends_with(".js") && !path.is_dir() {
                script(&fs::read_to_string(&path).unwrap(), &mut names);
            }
        }
    }
    names
}

/// A scenario of the conformance suite is a function that stands in its file's table.
fn conformance(text: &str, names: &mut BTreeSet<String>) {
    for (_, rest) in text.lines().filter_map(|line| line.trim().split_once("async fn ")) {
        names.extend(rest.split('(').next().map(str::to_owned));
    }
}

/// A test is a function behind an attribute that says so.
fn rust(text: &str, names: &mut BTreeSet<String>) {
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some((_, rest)) = line.split_once("fn ")
            && std::mem::take(&mut marked)
        {
            names.extend(rest.split('(').next().map(str::to_owned));
        }
    }
}

fn script(text: &str, names: &mut BTreeSet<String>) {
    for rest in text.split("test(\"").skip(1) {
        names.extend(rest.split('"').next().map(str::to_owned));
    }
}

/// The rows of the tables of a document whose last column is called "Test": where, and what they name.
fn rows(document: &str) -> Vec<(String, Vec<String>)> {
    let mut rows = Vec::new();
    let mut in_table = false;
    for line in document.lines() {
        let Some(row) = line.strip_prefix('|') else {
            in_table = false;
            continue;
        };
        let last = row.trim_end().trim_end_matches('|').rsplit(" | ").next().unwrap().trim();
        if last == "Test" {
            in_table = true;
        } else if in_table && !last.starts_with("---") {
            let named = last.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            rows.push((line.to_owned(), named));
        }
    }
    rows
}

#[test]
fn every_test_that_is_named_exists_and_every_row_names_one() {
    let tests = tests();
    assert!(tests.len() > 1_000, "{} tests were found", tests.len());
    for (file, least) in [("PAINS.md", 70), ("GWS.md", 40)] {
        let document = fs::read_to_string(root().join("docs").join(file)).unwrap();
        let rows = rows(&document);
        assert!(rows.len() >= least, "{file} has {} rows", rows.len());
        for (row, named) in &rows {
            assert!(!named.is_empty(), "{file}: no test in {row}");
        }
        let named = rows.iter().flat_map(|(_, named)| named);
        let missing: Vec<&String> = named.filter(|name| !tests.contains(*name)).collect();
        assert!(missing.is_empty(), "{file} names tests that are not there: {missing:#?}");
    }
}

#[test]
fn a_name_in_no_table_of_tests_is_none() {
    let document =
        "| A | Test |\n|---|---|\n| x | `one`, `two` |\n\n| A | B |\n|---|---|\n| y | `z` |\n";
    let named: Vec<Vec<String>> = rows(document).into_iter().map(|(_, named)| named).collect();
    assert_eq!(named, [["one", "two"]]);
    let mut names = BTreeSet::new();
    rust("fn helper() {}\n#[test]\n#[ignore]\nfn real() {}\nfn other() {}", &mut names);
    script("test(\"in words\", () => {})", &mut names);
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["in words", "real"]);
}
