//! Which credential a docker config holds for a repository.

use portolan_auth::{Credential, CredentialError, DockerConfig, KeyMatching, Secret};
use serde::Deserialize;

/// One case that was put to the Go implementations that Flux uses.
#[derive(Deserialize)]
struct Row {
    id: String,
    matching: String,
    repository: String,
    /// Asked one after the other, as a caller with several Secrets does.
    configs: Vec<String>,
    expect: Answer,
    /// Where the answer here is another one, with the reason.
    ours: Option<Answer>,
    reason: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Answer {
    Pair {
        user: String,
        password: String,
    },
    IdentityToken {
        identity_token: String,
    },
    RegistryToken {
        registry_token: String,
    },
    /// The start of a message of ours.
    Error {
        error: String,
    },
    /// No entry speaks for the repository.
    None {
        none: bool,
    },
    /// One does, and says nothing.
    NothingSaid {
        nothing_said: bool,
    },
}

#[test]
fn every_row_that_was_put_to_the_go_implementations_is_answered_alike_or_has_a_reason() {
    let rows: Vec<Row> = include_str!("../data/docker_config.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 38);
    for row in &rows {
        let actual = answer(row);
        if let Some(ours) = &row.ours {
            assert!(row.reason.is_some(), "{}: no reason", row.id);
            assert_ne!(*ours, row.expect, "{}: no difference", row.id);
        }
        let expected = row.ours.as_ref().unwrap_or(&row.expect);
        match (&actual, expected) {
            (Answer::Error { error }, Answer::Error { error: part }) => {
                assert!(error.contains(part), "{}: {error}", row.id);
            }
            _ => assert_eq!(actual, *expected, "{}", row.id),
        }
    }
}

fn answer(row: &Row) -> Answer {
    let matching = match row.matching.as_str() {
        "scoped" => KeyMatching::Scoped,
        "any-key-of-host" => KeyMatching::AnyKeyOfHost,
        other => panic!("{}: {other}", row.id),
    };
    let repository = row.repository.parse().unwrap();
    let mut said = false;
    for config in &row.configs {
        let config = match DockerConfig::parse(config.as_bytes()) {
            Ok(config) => config,
            Err(error) => {
                return Answer::Error {
                    error: error.to_string(),
                };
            }
        };
        match config.credential_for(&repository, matching) {
            Ok(Some(credential)) => return shown(credential),
            Ok(None) => said |= config.has_entry_for(&repository, matching),
            Err(error) => {
                return Answer::Error {
                    error: error.to_string(),
                };
            }
        }
    }
    if said {
        Answer::NothingSaid { nothing_said: true }
    } else {
        Answer::None { none: true }
    }
}

fn shown(credential: Credential) -> Answer {
    match credential {
        Credential::Basic { username, password } => Answer::Pair {
            user: username,
            password: password.reveal().to_owned(),
        },
        Credential::IdentityToken(token) => Answer::IdentityToken {
            identity_token: token.reveal().to_owned(),
        },
        Credential::RegistryToken(token) => Answer::RegistryToken {
            registry_token: token.reveal().to_owned(),
        },
    }
}

/// `keys` is a space-separated list, and `expected` the one of them that is chosen. Every key's password
/// is the key.
#[track_caller]
fn chosen(matching: KeyMatching, repository: &str, keys: &str, expected: Option<&str>) {
    let auths: serde_json::Map<_, _> = keys
        .split(' ')
        .map(|key| (key.to_owned(), serde_json::json!({ "password": key })))
        .collect();
    let config = DockerConfig::parse_legacy(&serde_json::to_vec(&auths).unwrap()).unwrap();
    let actual = config
        .credential_for(&repository.parse().unwrap(), matching)
        .unwrap();
    assert_eq!(actual, expected.map(|key| Credential::basic("", key)));
}

#[track_caller]
fn scoped(repository: &str, keys: &str, expected: impl Into<Option<&'static str>>) {
    chosen(KeyMatching::Scoped, repository, keys, expected.into());
}

#[track_caller]
fn any_key(repository: &str, keys: &str, expected: impl Into<Option<&'static str>>) {
    chosen(KeyMatching::AnyKeyOfHost, repository, keys, expected.into());
}

#[test]
fn the_longest_path_wins_then_the_host_then_a_wildcard() {
    scoped("r.io/a/b/c", "r.io r.io/a r.io/a/b *.io", "r.io/a/b");
    scoped("r.io/a", "r.io *.io", "r.io");
    scoped("r.io/a", "s.io *.io", "*.io");
    scoped("r.io/a/b", "*.io/a r.io", "*.io/a");
    scoped("r.io/a/b", "*.io/a r.io/a", "r.io/a");
    any_key("r.io/a", "*.io r.io/other", "*.io");
}

#[test]
fn a_path_ends_at_a_slash() {
    scoped("r.io/foo", "r.io/fo", None);
    scoped("r.io/foo-bar", "r.io/foo", None);
    scoped("r.io/foo", "r.io/foo", "r.io/foo");
    scoped("r.io/foo/bar", "r.io/foo", "r.io/foo");
    scoped("r.io/foo/bar", "r.io/foo/", "r.io/foo/");
    scoped("r.io/foo", "r.io/foo/", None);
    scoped("r.io/foo", "r.io/foo/bar", None);
}

#[test]
fn any_key_of_the_host_serves_only_where_that_was_asked_for() {
    scoped("r.io/a", "r.io/b", None);
    any_key("r.io/a", "r.io/b", "r.io/b");
    any_key("r.io/a", "r.io:5000/b", None);
    any_key("r.io/a", "s.io/b", None);
}

#[test]
fn a_scheme_and_an_api_version_mean_nothing() {
    for key in [
        "https://r.io",
        "http://r.io",
        "https://r.io/v1/",
        "r.io/v2/",
        "r.io/",
    ] {
        chosen(KeyMatching::Scoped, "r.io/a", key, Some(key));
    }
    scoped("r.io/a/b", "https://r.io/v2/a", "https://r.io/v2/a");
    // Without the slash it is a repository called `v1`.
    scoped("r.io/a", "r.io/v1", None);
    scoped("r.io/v1", "r.io/v1", "r.io/v1");
    scoped("r.io/a", "https://r.io http://r.io r.io/v2/ r.io", "r.io");
}

#[test]
fn docker_hub_has_many_names() {
    for registry in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
        for key in [
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "https://index.docker.io/v1/",
            "https://registry-1.docker.io/v2/",
        ] {
            let repository = format!("{registry}/library/nginx");
            chosen(KeyMatching::Scoped, &repository, key, Some(key));
        }
    }
    scoped(
        "docker.io/a",
        "https://index.docker.io/v1/ docker.io",
        "docker.io",
    );
    scoped("docker.io/a", "evil-docker.io docker.io.evil.com", None);
}

#[test]
fn a_port_and_the_case_of_letters_are_part_of_the_host() {
    scoped("r.io/a", "r.io:443 R.io", None);
    scoped("r.io:5000/a", "r.io", None);
    scoped(
        "r.io:5000/a",
        "https://r.io:5000/v2/",
        "https://r.io:5000/v2/",
    );
}

#[test]
fn a_malformed_entry_only_matters_where_it_is_chosen() {
    let config = DockerConfig::parse(
        br#"{"auths":{"r.io/bad":{"auth":"!"},"r.io":{"username":"u","password":"p"}}}"#,
    )
    .unwrap();
    let credential_for =
        |repository: &str| config.credential_for(&repository.parse().unwrap(), KeyMatching::Scoped);
    assert_eq!(
        credential_for("r.io/good").unwrap(),
        Some(Credential::basic("u", "p"))
    );
    assert_eq!(
        credential_for("r.io/bad/chart").unwrap_err().to_string(),
        "the docker config entry for `r.io/bad` is malformed: `auth` is not base64"
    );
}

#[test]
fn a_helper_is_never_run_and_only_mentioned_where_nothing_else_speaks() {
    let config = DockerConfig::parse(
        br#"{"auths":{"r.io":{"password":"p"},"empty.io":{}},
             "credHelpers":{"r.io":"one","helped.io":"two"},"credsStore":"three"}"#,
    )
    .unwrap();
    let credential_for =
        |repository: &str| config.credential_for(&repository.parse().unwrap(), KeyMatching::Scoped);
    assert_eq!(
        credential_for("r.io/a").unwrap(),
        Some(Credential::basic("", "p"))
    );
    for (repository, expected) in [
        ("helped.io/a", "two"),
        ("empty.io/a", "three"),
        ("other.io/a", "three"),
    ] {
        match credential_for(repository) {
            Err(CredentialError::HelperNotRun { helper, .. }) => assert_eq!(helper, expected),
            other => panic!("{repository}: {other:?}"),
        }
    }
}

#[test]
fn a_file_without_entries_speaks_for_nobody() {
    for text in [
        "{}",
        r#"{"auths":{}}"#,
        r#"{"auths":null}"#,
        r#"{"auths":{"":{"password":"p"}}}"#,
    ] {
        let config = DockerConfig::parse(text.as_bytes()).unwrap();
        let repository = "r.io/a".parse().unwrap();
        assert!(!config.has_entry_for(&repository, KeyMatching::AnyKeyOfHost));
        assert_eq!(
            config
                .credential_for(&repository, KeyMatching::AnyKeyOfHost)
                .unwrap(),
            None
        );
    }
}

#[test]
fn what_is_not_json_of_that_shape_is_an_error_that_quotes_nothing() {
    for text in [
        "",
        "foo",
        r#"{"auths":"canary"}"#,
        r#"{"auths":["canary"]}"#,
        r#"{"auths":{"r.io":{"password":"canary"}}"#,
        r#"{"auths":{}} canary"#,
        r#"{"credsStore":{"canary":1}}"#,
    ] {
        let error = DockerConfig::parse(text.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

#[test]
fn size_and_number_of_entries_are_bounded() {
    let padded = format!("{{}}{}", " ".repeat(1 << 20));
    assert_eq!(
        DockerConfig::parse(padded.as_bytes())
            .unwrap_err()
            .to_string(),
        "the docker config is larger than 1048576 bytes"
    );
    let many: serde_json::Map<_, _> = (0..4097)
        .map(|number| (format!("r{number}.io"), serde_json::json!({})))
        .collect();
    assert_eq!(
        DockerConfig::parse_legacy(&serde_json::to_vec(&many).unwrap())
            .unwrap_err()
            .to_string(),
        "the docker config has more than 4096 entries"
    );
}

#[test]
fn an_opaque_pair_is_whole_or_absent() {
    #[derive(Deserialize)]
    struct Row {
        id: String,
        secret: Pair,
        expect: Answer,
    }
    #[derive(Deserialize)]
    struct Pair {
        username: Option<String>,
        password: Option<String>,
    }
    let rows = include_str!("../data/opaque.jsonl");
    assert_eq!(rows.lines().count(), 3);
    for line in rows.lines() {
        let row: Row = serde_json::from_str(line).unwrap();
        let actual = Credential::from_pair(
            row.secret.username.as_deref(),
            row.secret.password.as_deref(),
        );
        match (actual, row.expect) {
            (Ok(Some(credential)), expected) => {
                assert_eq!(shown(credential), expected, "{}", row.id);
            }
            (Err(error), Answer::Error { error: part }) => {
                assert!(error.to_string().contains(&part), "{}: {error}", row.id);
            }
            (actual, _) => panic!("{}: {actual:?}", row.id),
        }
    }
    assert_eq!(Credential::from_pair(None, None).unwrap(), None);
    assert_eq!(Credential::from_pair(Some(""), Some("")).unwrap(), None);
}

#[test]
fn a_secret_is_never_shown() {
    let canary = "canary-hunter2";
    let config = DockerConfig::parse(
        format!(r#"{{"auths":{{"r.io":{{"username":"u","password":"{canary}"}}}}}}"#).as_bytes(),
    )
    .unwrap();
    let credential = config
        .credential_for(&"r.io/a".parse().unwrap(), KeyMatching::Scoped)
        .unwrap()
        .unwrap();
    let shown = format!("{config:?} {credential:?} {:?}", Secret::new(canary));
    assert!(!shown.contains(canary), "{shown}");
}
