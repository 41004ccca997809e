//! Who has the keys, and signs.

use std::collections::BTreeMap;
use std::mem;

use serde_json::{Map, Value, json};

use super::key::Key;
use super::lie::{TufLie, TufRole};
use crate::digest::sha256;

/// Keys, versions, and everything that was written.
#[derive(Debug)]
pub(super) struct Keeper {
    keys: BTreeMap<TufRole, Vec<Key>>,
    versions: BTreeMap<TufRole, u64>,
    /// What the last metadata of a role were, if they are pinned by others.
    last: BTreeMap<TufRole, Vec<u8>>,
    delegated: Option<(String, Vec<u8>)>,
    /// By path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// By name.
    pub(super) targets: BTreeMap<String, Vec<u8>>,
    pub(super) lies: Vec<TufLie>,
    pub(super) expires: String,
    /// Whether hashes and lengths of metadata are pinned, besides their versions.
    pub(super) pins_hashes: bool,
}

impl Keeper {
    pub(super) fn new() -> Self {
        Self {
            keys: TufRole::ALL.map(|role| (role, Key::pair())).into(),
            versions: BTreeMap::new(),
            last: BTreeMap::new(),
            delegated: None,
            files: BTreeMap::new(),
            targets: BTreeMap::new(),
            lies: Vec::new(),
            expires: "2030-01-01T00:00:00Z".to_owned(),
            pins_hashes: false,
        }
    }

    /// New keys, and a root that says so.
    pub(super) fn rotate(&mut self) {
        let keys = TufRole::ALL.map(|role| (role, Key::pair())).into();
        let before = mem::replace(&mut self.keys, keys);
        self.write_root_after(&before[&TufRole::Root]);
    }

    /// The first root.
    pub(super) fn write_root(&mut self) {
        self.write_root_after(&[]);
    }

    fn write_root_after(&mut self, before: &[Key]) {
        let (mut keys, mut roles) = (Map::new(), Map::new());
        for (role, pair) in &self.keys {
            let names = self.signers(*role);
            for (name, key) in &names {
                keys.insert(name.clone(), pair[*key].public());
            }
            let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
            let threshold = if self.tells(&TufLie::NoThreshold(*role)) {
                0
            } else {
                2
            };
            let keys = json!({ "keyids": names, "threshold": threshold });
            roles.insert(role.name().to_owned(), keys);
        }
        let mut signed = self.signed(TufRole::Root);
        signed["consistent_snapshot"] = true.into();
        signed["keys"] = keys.into();
        signed["roles"] = roles.into();
        let mut signatures = self.signatures(TufRole::Root, &signed);
        if !self.tells(&TufLie::Strangers(TufRole::Root)) {
            signatures.extend(
                before
                    .iter()
                    .map(|key| signature(&key.name(), key, &signed)),
            );
        }
        let root = document(&signed, &signatures);
        let number = self.versions[&TufRole::Root];
        self.files.insert(format!("/{number}.root.json"), root);
    }

    /// Everything but the root.
    pub(super) fn write_all(&mut self) {
        self.write_targets();
        self.write_snapshot();
        self.write_timestamp();
    }

    fn write_targets(&mut self) {
        let listed: Map<String, Value> = self.targets.iter().map(|it| self.target(it)).collect();
        let mut signed = self.signed(TufRole::Targets);
        let delegate = self.lies.iter().find_map(|lie| match lie {
            TufLie::Delegated(name) => Some(name.clone()),
            _ => None,
        });
        signed["targets"] = json!({});
        self.delegated = None;
        if let Some(name) = delegate {
            let pair = Key::pair();
            let keys: Map<String, Value> =
                pair.iter().map(|key| (key.name(), key.public())).collect();
            let names: Vec<&String> = keys.keys().collect();
            let mut list = signed.clone();
            signed["delegations"] = json!({
                "keys": keys,
                "roles": [{
                    "name": name, "keyids": names, "threshold": 2,
                    "terminating": true, "paths": ["*"],
                }],
            });
            list["targets"] = listed.into();
            let signatures = pair.iter().map(|key| signature(&key.name(), key, &list));
            let list = document(&list, &signatures.collect::<Vec<_>>());
            let encoded = name.replace('/', "%2F");
            let path = format!("/{}.{encoded}.json", signed["version"]);
            self.files.insert(path, list.clone());
            self.delegated = Some((name, list));
        } else {
            signed["targets"] = listed.into();
        }
        for target in &self.targets {
            let (name, listed) = self.target(target);
            let hash = listed["hashes"]["sha256"].as_str().unwrap_or_default();
            let path = format!("/targets/{hash}.{name}");
            self.files.insert(path, target.1.clone());
        }
        self.write(TufRole::Targets, &signed);
    }

    fn write_snapshot(&mut self) {
        let mut signed = self.signed(TufRole::Snapshot);
        let mut pins = Map::new();
        pins.insert("targets.json".to_owned(), self.pin(TufRole::Targets));
        if let Some((name, list)) = &self.delegated {
            let number = self.versions[&TufRole::Targets];
            pins.insert(format!("{name}.json"), self.pin_of(number, list));
        }
        signed["meta"] = pins.into();
        self.write(TufRole::Snapshot, &signed);
    }

    pub(super) fn write_timestamp(&mut self) {
        let mut signed = self.signed(TufRole::Timestamp);
        signed["meta"] = json!({ "snapshot.json": self.pin(TufRole::Snapshot) });
        self.write(TufRole::Timestamp, &signed);
    }

    /// What all metadata begin with, in the version after the last.
    fn signed(&mut self, role: TufRole) -> Value {
        let older = self.tells(&TufLie::OlderVersion(role));
        let ended = self.tells(&TufLie::Expired(role));
        let version = self.versions.entry(role).or_default();
        let shown = match (older, role) {
            (false, _) => {
                *version += 1;
                *version
            }
            // The file has to have the name of the next one to be looked at.
            (true, TufRole::Root) => {
                *version += 1;
                *version - 1
            }
            (true, _) => {
                *version -= 1;
                *version
            }
        };
        json!({
            "_type": role.name(),
            "spec_version": "1.0.33",
            "version": shown,
            "expires": if ended { "2020-01-01T00:00:00Z" } else { self.expires.as_str() },
        })
    }

    /// Sign and serve metadata that are not the root.
    fn write(&mut self, role: TufRole, signed: &Value) {
        let bytes = document(signed, &self.signatures(role, signed));
        let before = self.last.insert(role, bytes.clone());
        let served = if self.tells(&TufLie::FormerFile(role)) {
            before.unwrap_or_default()
        } else {
            bytes
        };
        let path = match role {
            TufRole::Timestamp => "/timestamp.json".to_owned(),
            _ => format!("/{}.{}.json", self.versions[&role], role.name()),
        };
        self.files.insert(path, served);
    }

    /// The names of the keys of a role, each with the number of the key.
    fn signers(&self, role: TufRole) -> Vec<(String, usize)> {
        let pair = &self.keys[&role];
        if self.tells(&TufLie::OneKeyTwoNames(role)) {
            return vec![(pair[0].name(), 0), (format!("{}0", pair[0].name()), 0)];
        }
        let names = pair.iter().enumerate();
        names.map(|(number, key)| (key.name(), number)).collect()
    }

    fn signatures(&self, role: TufRole, signed: &Value) -> Vec<Value> {
        let pair = &self.keys[&role];
        if self.tells(&TufLie::NoThreshold(role)) {
            return Vec::new();
        }
        if role != TufRole::Root && self.tells(&TufLie::Strangers(role)) {
            let strangers = Key::pair();
            let as_ours = pair.iter().zip(&strangers);
            return as_ours
                .map(|(ours, stranger)| signature(&ours.name(), stranger, signed))
                .collect();
        }
        if self.tells(&TufLie::OneKeyTwice(role)) {
            let one = || signature(&pair[0].name(), &pair[0], signed);
            return vec![one(), one()];
        }
        let signers = self.signers(role).into_iter();
        signers
            .map(|(name, key)| signature(&name, &pair[key], signed))
            .collect()
    }

    fn target(&self, (name, bytes): (&String, &Vec<u8>)) -> (String, Value) {
        let mut hash = hex_of(bytes);
        let mut length = bytes.len();
        for lie in &self.lies {
            match lie {
                TufLie::WrongHash => hash = hex_of(b"something else"),
                TufLie::WrongLength => length += 1,
                TufLie::HashIs(text) => hash.clone_from(text),
                _ => {}
            }
        }
        (
            name.clone(),
            json!({ "length": length, "hashes": { "sha256": hash } }),
        )
    }

    fn pin(&self, role: TufRole) -> Value {
        self.pin_of(self.versions[&role], &self.last[&role])
    }

    fn pin_of(&self, version: u64, bytes: &[u8]) -> Value {
        if self.pins_hashes {
            let hashes = json!({ "sha256": hex_of(bytes) });
            return json!({ "version": version, "length": bytes.len(), "hashes": hashes });
        }
        json!({ "version": version })
    }

    fn tells(&self, lie: &TufLie) -> bool {
        self.lies.contains(lie)
    }
}

fn signature(name: &str, key: &Key, signed: &Value) -> Value {
    json!({ "keyid": name, "sig": key.sign(signed) })
}

fn document(signed: &Value, signatures: &[Value]) -> Vec<u8> {
    json!({ "signed": signed, "signatures": signatures })
        .to_string()
        .into_bytes()
}

fn hex_of(bytes: &[u8]) -> String {
    let digest = sha256(bytes);
    digest.trim_start_matches("sha256:").to_owned()
}
