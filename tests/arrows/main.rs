//! Which crate may use which, and what the pure ones pull in.
//!
//! The table under the heading "Crates" of `docs/ARCHITECTURE.md` is the law:
//! a row is `` | `crates/name` | one line | names of our crates it may use | ``, where the last cell
//! holds folder names, `-` for none or `any`. What cargo knows is compared with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What nothing pure may pull in: runtimes, sockets, HTTP.
const IMPURE: [&str; 8] =
    ["async-std", "axum", "h2", "hyper", "hyper-util", "mio", "socket2", "tokio"];

#[test]
fn normal_dependencies_are_those_of_the_table() {
    let table = table_of_architecture();
    let metadata = metadata();
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = folder_of(package.manifest_path.as_std_path());
        let Some(name) = folder.strip_prefix("crates/") else { continue };
        if name == "xtask" {
            assert!(package.dependencies.is_empty(), "xtask is built first and uses nothing");
            continue;
        }
        let Some(allowed) = table.get(name) else {
            faults.push(format!("crates/{name} has no row"));
            continue;
        };
        let used: BTreeSet<String> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .filter_map(|dependency| dependency.path.as_ref())
            .map(|path| folder_name(path.as_std_path()))
            .collect();
        match allowed {
            Allowed::Any => {}
            Allowed::These(allowed) if *allowed == used => {}
            Allowed::These(allowed) => {
                faults.push(format!("crates/{name} uses {used:?}, the table says {allowed:?}"));
            }
        }
    }
    for name in table.keys() {
        if !root().join("crates").join(name).join("Cargo.toml").is_file() {
            faults.push(format!("the table has crates/{name}, the workspace has not"));
        }
    }
    assert!(faults.is_empty(), "arrows differ from docs/ARCHITECTURE.md:\n{}", faults.join("\n"));
}

#[test]
fn nothing_shipped_uses_the_testkit() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let normal = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        for dependency in normal {
            assert_ne!(dependency.name, "encke-testkit", "of {}", package.name);
        }
    }
}

#[test]
fn the_wire_protocol_pulls_in_no_runtime() {
    assert_pure("encke-bayeux", &[]);
}

#[test]
fn the_call_model_without_its_shell_pulls_in_no_runtime() {
    assert_pure("encke-calls", &["--no-default-features"]);
}

/// Asserts that a package, built alone with these flags, reaches nothing impure. `cargo tree` is
/// asked, since the graph of `cargo metadata` has the features of the whole workspace.
fn assert_pure(package: &str, flags: &[&str]) {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root())
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--package", package])
        .args(flags)
        .output()
        .expect("cargo tree starts");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {problem}");
    let tree = String::from_utf8_lossy(&output.stdout);
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(package), "cargo tree shows {names:?}");
    let found: Vec<_> = IMPURE.iter().filter(|name| names.contains(**name)).collect();
    assert!(found.is_empty(), "{package} reaches {found:?} among {names:?}");
}

#[derive(Debug)]
enum Allowed {
    Any,
    These(BTreeSet<String>),
}

fn table_of_architecture() -> BTreeMap<String, Allowed> {
    let page = root().join("docs").join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&page).expect("docs/ARCHITECTURE.md can be read");
    let rows = text
        .lines()
        .skip_while(|line| !(line.starts_with('#') && line.contains("Crates")))
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    let table: BTreeMap<_, _> = rows.filter_map(row).collect();
    assert!(table.len() >= 9, "the table under the heading Crates was not found: {table:?}");
    table
}

/// A row of the table; nothing for its head and for text around it.
fn row(line: &str) -> Option<(String, Allowed)> {
    let mut cells = line.trim().trim_matches('|').split('|').map(str::trim);
    let name = cells.next()?.trim_matches('`').strip_prefix("crates/")?.to_owned();
    let allowed = cells.nth(1)?.replace(['`', ';'], " ").replace("optional", " ");
    let names: BTreeSet<String> = allowed
        .split([',', ' '])
        .map(|word| word.trim().trim_start_matches("crates/"))
        .filter(|word| !word.is_empty() && *word != "-")
        .map(str::to_owned)
        .collect();
    let any = names.iter().any(|name| name == "any");
    Some((name, if any { Allowed::Any } else { Allowed::These(names) }))
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    command.no_deps().other_options(["--locked".to_owned()]).exec().expect("cargo metadata")
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("tests/ lies in the root").to_owned()
}

fn folder_of(manifest: &Path) -> String {
    let folder = manifest.parent().expect("a manifest lies in a folder");
    folder.strip_prefix(root()).expect("members lie below the root").display().to_string()
}

fn folder_name(path: &Path) -> String {
    path.file_name().expect("a dependency's folder has a name").to_string_lossy().into_owned()
}
