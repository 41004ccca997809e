//! Indexes as tools write them, of any size and the same every time.

use std::io::{self, Write};

/// How many versions a chart has.
const VERSIONS_PER_CHART: usize = 200;

/// What an index is written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `helm repo index`.
    Block,
    ChartMuseum,
    /// Artifactory: flow style.
    Flow,
    Json,
    /// Block style with an anchor, so that nothing but a reader for all of YAML will do.
    Anchored,
}

impl Shape {
    pub(super) const ALL: [Self; 5] = [
        Self::Block,
        Self::ChartMuseum,
        Self::Flow,
        Self::Json,
        Self::Anchored,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Block => "YAML as `helm repo index` writes it",
            Self::ChartMuseum => "YAML as ChartMuseum writes it",
            Self::Flow => "YAML in flow style",
            Self::Json => "JSON",
            Self::Anchored => "YAML with an anchor in it",
        }
    }

    /// The goal for CPU.
    pub(super) fn goal(self) -> &'static str {
        match self {
            Self::Block | Self::ChartMuseum => "ratio 0.02",
            Self::Flow | Self::Json | Self::Anchored => "ratio 0.10",
        }
    }

    pub(super) fn write(self, versions: usize, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Block => to.write_all(b"apiVersion: v1\nentries:\n")?,
            Self::ChartMuseum => {
                to.write_all(b"serverInfo:\n  contextPath: /museum\napiVersion: v1\nentries:\n")?;
            }
            Self::Anchored => to.write_all(b"apiVersion: &v v1\nentries:\n")?,
            Self::Flow => to.write_all(b"{apiVersion: v1, entries: {\n")?,
            Self::Json => to.write_all(b"{\"apiVersion\":\"v1\",\"entries\":{")?,
        }
        for number in 0..versions {
            let entry = Entry::new(number);
            let is_first = number % VERSIONS_PER_CHART == 0;
            let is_last = number + 1 == versions || (number + 1) % VERSIONS_PER_CHART == 0;
            match self {
                Self::Block | Self::ChartMuseum | Self::Anchored => {
                    if is_first {
                        writeln!(to, "  {}:", entry.name)?;
                    }
                    entry.write_block(self == Self::ChartMuseum, to)?;
                }
                Self::Flow | Self::Json => {
                    let quote = if self == Self::Json { "\"" } else { "" };
                    if is_first {
                        let comma = if number == 0 { "" } else { ", " };
                        write!(to, "{comma}{quote}{}{quote}: [", entry.name)?;
                    } else {
                        to.write_all(b", ")?;
                    }
                    entry.write_flow(quote, to)?;
                    if is_last {
                        to.write_all(b"]")?;
                    }
                }
            }
        }
        match self {
            Self::Block | Self::ChartMuseum | Self::Anchored => {
                to.write_all(b"generated: \"2026-01-02T03:04:05.678901234Z\"\n")
            }
            Self::Flow => to.write_all(b"\n}, generated: \"2026-01-02T03:04:05.678901234Z\"}\n"),
            Self::Json => to.write_all(b"},\"generated\":\"2026-01-02T03:04:05.678901234Z\"}"),
        }
    }
}

struct Entry {
    name: String,
    version: String,
    app_version: String,
    created: String,
    digest: String,
}

impl Entry {
    fn new(number: usize) -> Self {
        let chart = number / VERSIONS_PER_CHART;
        // The highest first, as tools sort them.
        let age = VERSIONS_PER_CHART - 1 - number % VERSIONS_PER_CHART;
        let digest = (0..4_u64).map(|part| {
            let seed = number as u64 * 4 + part + 1;
            format!("{:016x}", seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        });
        Self {
            name: format!("chart-{chart:04}"),
            version: format!("{}.{}.{}", age / 50 + 1, age / 10 % 5, age % 10),
            app_version: format!("{}.{}.0", age / 50 + 3, age % 50),
            created: format!(
                "2025-{:02}-{:02}T10:20:30.123456789Z",
                age / 28 % 12 + 1,
                age % 28 + 1
            ),
            digest: digest.collect(),
        }
    }

    fn write_block(&self, is_relative: bool, to: &mut impl Write) -> io::Result<()> {
        let Self {
            name,
            version,
            app_version,
            created,
            digest,
        } = self;
        let base = if is_relative {
            "charts"
        } else {
            "https://charts.example.com/stable"
        };
        write!(
            to,
            "  - annotations:\n      category: Infrastructure\n      example.com/changes: |\n        - Add a probe to the sidecar\n        - Raise the default memory limit\n    apiVersion: v2\n    appVersion: {app_version}\n    created: \"{created}\"\n    dependencies:\n    - name: common\n      repository: https://charts.example.com/library\n      tags:\n      - common-library\n      version: 2.x.x\n    description: A chart that installs the service with its sidecar, its database\n      and everything else that a team needs on the first day\n    digest: {digest}\n    home: https://example.com/charts/{name}\n    icon: https://example.com/icons/{name}.svg\n    keywords:\n    - service\n    - database\n    kubeVersion: '>=1.25.0-0'\n    maintainers:\n    - email: platform@example.com\n      name: Platform Team\n    name: {name}\n    sources:\n    - https://git.example.com/charts/{name}\n    type: application\n    urls:\n    - {base}/{name}-{version}.tgz\n    version: {version}\n"
        )
    }

    fn write_flow(&self, q: &str, to: &mut impl Write) -> io::Result<()> {
        let Self {
            name,
            version,
            app_version,
            created,
            digest,
        } = self;
        write!(
            to,
            "{{{q}annotations{q}: {{{q}category{q}: {q}Infrastructure{q}, {q}example.com/changes{q}: \"- Add a probe to the sidecar\\n- Raise the default memory limit\\n\"}}, {q}apiVersion{q}: {q}v2{q}, {q}appVersion{q}: {q}{app_version}{q}, {q}created{q}: \"{created}\", {q}dependencies{q}: [{{{q}name{q}: {q}common{q}, {q}repository{q}: \"https://charts.example.com/library\", {q}tags{q}: [{q}common-library{q}], {q}version{q}: {q}2.x.x{q}}}], {q}description{q}: \"A chart that installs the service with its sidecar, its database and everything else that a team needs on the first day\", {q}digest{q}: {q}{digest}{q}, {q}home{q}: \"https://example.com/charts/{name}\", {q}icon{q}: \"https://example.com/icons/{name}.svg\", {q}keywords{q}: [{q}service{q}, {q}database{q}], {q}kubeVersion{q}: \">=1.25.0-0\", {q}maintainers{q}: [{{{q}email{q}: \"platform@example.com\", {q}name{q}: {q}Platform Team{q}}}], {q}name{q}: {q}{name}{q}, {q}sources{q}: [\"https://git.example.com/charts/{name}\"], {q}type{q}: {q}application{q}, {q}urls{q}: [\"https://charts.example.com/stable/{name}-{version}.tgz\"], {q}version{q}: {q}{version}{q}}}"
        )
    }
}
