//! What operators may write, and what they are told when it makes no sense.

use std::fs;

use super::*;

fn load_text(text: &str) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("encke.toml");
    fs::write(&file, text).unwrap();
    Settings::load(&Settings::default(), Some(&file))
}

#[test]
fn unknown_key_is_refused_with_its_path_and_file() {
    let error = load_text("[server]\nlissten = \"127.0.0.1:1\"\n").unwrap_err();
    let SettingsError::UnknownKey { key, place, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(key, "server.lissten");
    assert!(place.ends_with("encke.toml"), "{place}");
}

#[test]
fn unknown_section_is_refused_with_its_name_and_file() {
    let error = load_text("[sevrer]\nlisten = \"127.0.0.1:1\"\n").unwrap_err();
    let SettingsError::UnknownKey { key, place, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(key, "sevrer");
    assert!(place.ends_with("encke.toml"), "{place}");
}

#[test]
fn unknown_key_of_a_user_is_refused_with_its_path() {
    let error = load_text("[users.alice]\npassword_hash = \"x\"\ndn = \"15000\"\n").unwrap_err();
    assert!(error.to_string().contains("users.alice.dn"), "{error} / {error:?}");
}

#[test]
fn wrong_type_names_key_and_file() {
    let error = load_text("[bayeux]\ntimeout_ms = \"soon\"\n").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("bayeux.timeout_ms"), "{text}");
    assert!(text.contains("encke.toml"), "{text}");
}

#[test]
fn text_that_is_not_toml_names_the_file() {
    let error = load_text("[server\n").unwrap_err();
    assert!(error.to_string().contains("encke.toml"), "{error}");
}

#[test]
fn missing_file_is_refused() {
    let error = Settings::load(&Settings::default(), Some(Path::new("/no/such/encke.toml")));
    assert!(matches!(error, Err(SettingsError::Unreadable { .. })));
}

#[test]
fn users_file_adds_users_and_refuses_doubles() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users.toml");
    fs::write(&users, "[users.bob]\npassword_hash = \"h\"\n").unwrap();
    let main = folder.path().join("encke.toml");
    let login = format!("[login]\nusers_file = {:?}\n", users.display().to_string());
    fs::write(&main, format!("{login}[users.alice]\npassword_hash = \"h\"\n")).unwrap();
    let settings = Settings::load(&Settings::default(), Some(&main)).unwrap();
    assert_eq!(settings.users.keys().collect::<Vec<_>>(), ["alice", "bob"]);

    fs::write(&main, format!("{login}[users.bob]\npassword_hash = \"h\"\n")).unwrap();
    let error = Settings::load(&Settings::default(), Some(&main)).unwrap_err();
    assert!(matches!(error, SettingsError::UserTwice { .. }));
}

#[test]
fn printed_settings_hold_no_secret_and_parse_again() {
    let settings = load_text("[users.alice]\npassword_hash = \"$argon2id$secret\"\n").unwrap();
    assert!(!format!("{settings:?}").contains("$argon2id$secret"));
    let shown = toml::to_string(&settings.without_secrets()).unwrap();
    assert!(!shown.contains("$argon2id$secret"), "{shown}");
    assert!(load_text(&shown).is_ok(), "{shown}");

    let mut settings = Settings::default();
    let key = ApiKeySettings::new(Secret::new("5b3d"));
    settings.api.keys.insert("billing".to_owned(), key);
    let shown = toml::to_string(&settings.without_secrets()).unwrap();
    assert!(shown.contains("[api.keys.billing]") && !shown.contains("5b3d"), "{shown}");
}

#[test]
fn channels_are_tables_in_order_and_print_as_they_were_written() {
    let text = "[[channels]]\npattern = \"/a\"\noverflow = \"drop-oldest\"\n\
                [[channels]]\npattern = \"/b\"\nendpoint = \"notifications\"\n";
    let settings = load_text(text).unwrap();
    let patterns: Vec<_> = settings.channels.iter().map(|table| &*table.pattern).collect();
    assert_eq!(patterns, ["/a", "/b"]);
    let shown = toml::to_string(&settings.without_secrets()).unwrap();
    assert_eq!(load_text(&shown).unwrap(), settings, "{shown}");
    let error = load_text("[[channels]]\npattern = \"/a\"\nlazy = 1\n").unwrap_err();
    assert!(error.to_string().contains("lazy"), "{error}");
}

/// Uncommented, the examples of what has no default must be right, too.
#[test]
fn examples_of_the_sample_file_are_taken() {
    let sample = include_str!("../../../../docs/encke.toml");
    let (_, examples) = sample.split_once("# Who may subscribe").unwrap();
    let lines: Vec<&str> = examples
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.starts_with('[') || line.contains(" = "))
        .collect();
    let text = lines.join("\n");
    let settings = load_text(&text).unwrap();
    assert_eq!((settings.rules.len(), settings.users.len()), (2, 1), "{text}");
}

/// The sample says what the defaults are, so it must be what the defaults are.
#[test]
fn sample_file_holds_every_setting_with_its_default() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/encke.toml");
    let settings = Settings::load(&Settings::default(), Some(Path::new(sample))).unwrap();
    assert_eq!(settings, Settings::default());

    let text = fs::read_to_string(sample).unwrap();
    let written: toml::Table = text.parse().unwrap();
    let defaults = toml::Table::try_from(Settings::default()).unwrap();
    for (section, keys) in &defaults {
        if section == "users" {
            continue;
        }
        assert_eq!(written.get(section), Some(keys), "section {section}");
    }
    // What has no default is there too, behind a comment sign.
    for key in [
        "external_url",
        "certificate",
        "key",
        "users_file",
        "secret_file",
        "pem_file",
        "jwks_file",
        "jwks_url",
        "jwks_ca_file",
        "secure",
        "data",
        "[[rules]]",
        "api.keys.billing",
        "users.alice",
        "features",
        "[[channels]]",
        "pattern",
        "endpoint",
        "lazy_ms",
        "broadcast_to_publisher",
        "overflow",
        "replay_age_ms",
        "replay_messages",
        "replay_bytes",
        "stamp_data",
        "protocol",
        "domain",
    ] {
        assert!(text.lines().any(|line| line.starts_with("# ") && line.contains(key)), "{key}");
    }
}
