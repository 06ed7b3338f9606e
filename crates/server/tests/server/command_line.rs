//! The binary: commands, exit codes, what goes where.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use encke_testkit::{Connection, DEADLINE, Request, eventually};

fn encke(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_encke"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn output(arguments: &[&str]) -> Output {
    encke(arguments).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(folder: &Path, text: &str) -> String {
    let file = folder.join("encke.toml");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn usage_and_configuration_errors_exit_with_64_and_help_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = write(folder.path(), "[server]\nlissten = \"127.0.0.1:0\"\n");
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["serve"],
        &["demo", "--agents", "-1"],
        &["demo", "--listen", "nowhere"],
        &["serve", "--config", "/no/such/file.toml"],
        &["demo", "--scenario", "/no/such/file.toml"],
        &["demo", "--scenario", &unknown],
        &["demo", "--scenario", "bad-day", "--speed", "0"],
        &["demo", "--seed", "1"],
        &["check", "--config", &unknown],
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", errors(&output));
        assert!(!errors(&output).is_empty(), "{arguments:?}");
    }
    assert_eq!(output(&["--help"]).status.code(), Some(0));
    assert_eq!(output(&["--version"]).status.code(), Some(0));
}

#[test]
fn unknown_key_is_named_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "[server]\nlissten = \"127.0.0.1:0\"\n");
    let output = output(&["check", "--config", &file]);
    assert!(errors(&output).contains("`server.lissten`"), "{}", errors(&output));
    assert!(errors(&output).contains(&file), "{}", errors(&output));
}

#[test]
fn environment_goes_over_the_file_and_its_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "[bayeux]\ntimeout_ms = 1000\n");
    let set = encke(&["check", "--config", &file])
        .env("ENCKE_BAYEUX__TIMEOUT_MS", "2000")
        .env("ENCKE_UNRELATED", "x")
        .output()
        .unwrap();
    let shown = String::from_utf8(set.stdout.clone()).unwrap();
    assert!(shown.contains("timeout_ms = 2000"), "{shown}{}", errors(&set));
    for (name, value) in [("ENCKE_BAYEUX__TIMEOUT", "1"), ("ENCKE_BAYEUX__TIMEOUT_MS", "soon")] {
        let refused = encke(&["check", "--config", &file]).env(name, value).output().unwrap();
        assert_eq!(refused.status.code(), Some(64));
        assert!(errors(&refused).contains(name), "{}", errors(&refused));
    }
}

#[test]
fn check_prints_effective_settings_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let hashed = hash_password("correct horse\n");
    let file = write(folder.path(), &format!("[users.alice]\npassword_hash = \"{hashed}\"\n"));
    let output = output(&["check", "--config", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("[users.alice]"), "{shown}");
    assert!(!shown.contains(&hashed), "{shown}");
}

fn hash_password(password: &str) -> String {
    let mut child =
        encke(&["hash-password"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with('\n') && text.lines().count() == 1, "{text:?}");
    text.trim_end().to_owned()
}

#[test]
fn password_is_hashed_with_argon2id_and_another_salt_each_time() {
    let (one, other) = (hash_password("secret\n"), hash_password("secret\n"));
    assert!(one.starts_with("$argon2id$v=19$"), "{one}");
    assert_ne!(one, other);
    let empty = output(&["hash-password"]);
    assert_eq!(empty.status.code(), Some(64), "an empty password is no password");
}

#[test]
fn demo_stays_on_the_loopback_unless_told() {
    let refused = output(&["demo", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(64));
    assert!(errors(&refused).contains("--i-know-this-is-a-demo"), "{}", errors(&refused));
    let allowed = encke(&["demo", "--listen", "0.0.0.0:0", "--i-know-this-is-a-demo"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut running, line) = listening(allowed);
    assert!(line.starts_with("listening on http://0.0.0.0:"), "{line}");
    running.terminate();
}

#[test]
fn demo_plays_the_scenario_of_a_file_with_the_seed_it_is_given_until_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = "name = \"mine\"\nduration = 1000\n[[calls]]\nto = [\"alice\"]\nfrom = \"+1555\"\n\
                at = [0, 900]\npatience = 80000\n";
    fs::write(&file, text).unwrap();
    let demo = ["demo", "--listen", "127.0.0.1:0", "--scenario", file.to_str().unwrap()];
    let child = encke(&[&demo[..], &["--seed", "5", "--speed", "0.5"]].concat())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut running, line) = listening(child);
    let address = line.strip_prefix("listening on http://").unwrap().parse().unwrap();
    let shown =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(
            eventually("the first call rings", DEADLINE, || async {
                let mut connection = Connection::open(address).await.unwrap();
                let request = Request::new("GET", "/sim/v1/scenarios/1");
                let shown = connection.exchange(&request).await.unwrap().value();
                if shown["done"] == 1 { Ok(shown) } else { Err(shown.to_string()) }
            }),
        );
    assert_eq!(shown["name"], "mine");
    assert_eq!((&shown["seed"], &shown["speed"]), (&5.into(), &0.5.into()), "{shown}");
    assert_eq!((&shown["state"], &shown["alive"]), (&"running".into(), &1.into()), "{shown}");
    assert_eq!(running.terminate(), Some(0), "stopped while it plays");
}

#[test]
fn serve_needs_a_folder_for_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "");
    let output = output(&["serve", "--config", &file]);
    assert_eq!(output.status.code(), Some(64));
    assert!(errors(&output).contains("journal.data"), "{}", errors(&output));
}

#[test]
fn address_that_is_taken_exits_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = output(&["demo", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(errors(&output).contains(&address), "{}", errors(&output));
}

#[test]
fn served_configuration_drains_on_a_signal_and_exits_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "[server]\nlisten = \"127.0.0.1:0\"\n");
    let data = folder.path().join("data");
    let child = encke(&["serve", "--config", &file, "--data", data.to_str().unwrap()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut running, line) = listening(child);
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
    assert_eq!(running.terminate(), Some(0));
    assert!(data.is_dir());
}

/// A child that is killed by its pid when the test ends.
struct Running(Child);

impl Running {
    fn terminate(&mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits for the line that says where; the rest of the log is read so that the child never blocks.
fn listening(mut child: Child) -> (Running, String) {
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let running = Running(child);
    let line = log
        .by_ref()
        .map(|line| line.unwrap())
        .find(|line| line.starts_with("listening on "))
        .expect("the server says where it listens");
    std::thread::spawn(move || log.for_each(drop));
    (running, line)
}
