//! Chart archives as `helm package` makes them.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};

/// A chart's archive with a name, a version and little else.
///
/// The same arguments give the same bytes. [`ChartArchive`] makes others.
pub fn chart_archive(name: &str, version: &str) -> Vec<u8> {
    ChartArchive::new(name, version).build()
}

/// A chart's archive that is not made yet. The same calls give the same bytes.
#[derive(Debug, Clone)]
#[must_use = "an archive is made by `build`"]
pub struct ChartArchive {
    name: String,
    chart_yaml: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl ChartArchive {
    /// A chart with a name, a version, a `values.yaml`, a README and one template.
    pub fn new(name: &str, version: &str) -> Self {
        let chart_yaml = format!(
            "apiVersion: v2\nappVersion: \"{version}\"\ndescription: A chart of the test kit\n\
             name: {name}\ntype: application\nversion: {version}\n"
        );
        let template = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .Release.Name }}}}-{name}\n\
             data:\n  replicas: {{{{ .Values.replicas | quote }}}}\n"
        );
        Self {
            name: name.to_owned(),
            chart_yaml,
            files: BTreeMap::new(),
        }
        .values("replicas: 1\n")
        .file("README.md", format!("# {name}\n"))
        .file("templates/configmap.yaml", template)
    }

    /// Another `values.yaml`.
    pub fn values(self, text: &str) -> Self {
        self.file("values.yaml", text)
    }

    /// Another `Chart.yaml`, taken as it is. Nothing makes it agree with the archive's name.
    pub fn chart_yaml(mut self, text: &str) -> Self {
        text.clone_into(&mut self.chart_yaml);
        self
    }

    /// One more file, at a path below the chart's directory.
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), bytes.into());
        self
    }

    /// A file of this many bytes that do not compress, so the archive is a little larger than
    /// that. Another seed gives other bytes.
    pub fn padding(self, bytes: usize, seed: u64) -> Self {
        self.file("files/padding.bin", incompressible(bytes, seed))
    }

    /// The archive.
    pub fn build(&self) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        append(
            &mut tar,
            &self.name,
            "Chart.yaml",
            self.chart_yaml.as_bytes(),
        );
        for (path, bytes) in &self.files {
            append(&mut tar, &self.name, path, bytes);
        }
        let tar = tar.into_inner().expect("writing to memory does not fail");
        gzip(&tar)
    }
}

fn append(tar: &mut tar::Builder<Vec<u8>>, root: &str, path: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(1_700_000_000);
    header.set_entry_type(tar::EntryType::Regular);
    tar.append_data(&mut header, format!("{root}/{path}"), bytes)
        .expect("the path of a chart's file fits into a tar header");
}

/// Compress as Helm does, which signs its archives in the header.
/// <https://github.com/helm/helm/blob/v3.19.0/pkg/chartutil/save.go#L153>
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new()
        .extra("+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=")
        .comment("Helm")
        .write(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

/// Bytes that look random and are the same on every run.
pub(crate) fn incompressible(length: usize, seed: u64) -> Vec<u8> {
    // SplitMix64: any seed will do. https://prng.di.unimi.it/splitmix64.c
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The plain `key: value` lines of the first `Chart.yaml` of an archive; none if that cannot be
/// read. Enough for a configuration, and no YAML parser.
pub(crate) fn chart_yaml_fields(archive: &[u8]) -> BTreeMap<String, String> {
    first_chart_yaml(archive)
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '-']))
        .filter_map(|line| line.split_once(": "))
        .map(|(key, text)| (key.to_owned(), text.trim().trim_matches('"').to_owned()))
        .collect()
}

fn first_chart_yaml(archive: &[u8]) -> Option<String> {
    /// Hostile archives go through here too.
    const MAX_BYTES: u64 = 1 << 20;
    let mut tar = tar::Archive::new(MultiGzDecoder::new(archive).take(MAX_BYTES));
    let entry = tar.entries().ok()?.find_map(|entry| {
        let entry = entry.ok()?;
        entry
            .path_bytes()
            .ends_with(b"/Chart.yaml")
            .then_some(entry)
    })?;
    let mut text = String::new();
    entry.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}
