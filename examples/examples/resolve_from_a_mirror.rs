//! You have an umbrella chart and a copy of a repository's index, and no network.
//!
//! ```console
//! $ cargo run --example resolve_from_a_mirror
//! ```
//!
//! Which charts are its dependencies? A walk asks, and whoever has a list answers: here the index
//! that `helm repo index` writes, and a chart that lies beside the umbrella.

use std::convert::Infallible;
use std::io::Cursor;

use anyhow::Result;
use portolan_chart::{ChartMetadata, Index, IndexLimits};
use portolan_reference::RepositoryUrl;
use portolan_resolve::{Catalog, Listed, Unbuilt, WalkOptions, resolve_dependencies};

const UMBRELLA: &[u8] = b"
apiVersion: v2
name: shop
version: 1.0.0
dependencies:
- { name: redis, version: ~18.2, repository: 'https://charts.example.com', alias: sessions }
- { name: redis, version: 17.x, repository: 'https://charts.example.com', alias: carts }
- { name: common, version: '>=0.1', repository: 'file://../common' }
";

const COMMON: &[u8] = b"
apiVersion: v2
name: common
version: 0.3.0
type: library
dependencies:
- { name: nginx, version: ^15, repository: 'https://charts.example.com' }
";

const INDEX: &[u8] = b"
apiVersion: v1
entries:
  redis:
  - { name: redis, version: 18.19.4, urls: [redis-18.19.4.tgz] }
  - { name: redis, version: 18.2.1, urls: [redis-18.2.1.tgz] }
  - { name: redis, version: 17.15.6, urls: [redis-17.15.6.tgz] }
  nginx:
  - { name: nginx, version: 16.0.0, urls: [nginx-16.0.0.tgz] }
  - { name: nginx, version: 15.14.0, urls: [nginx-15.14.0.tgz] }
";

/// One index, whatever the repository, and one chart on disk.
struct Mirror {
    index: Index,
    common: ChartMetadata,
}

impl Catalog for Mirror {
    type Error = Infallible;

    fn versions(
        &mut self,
        repository: &RepositoryUrl,
        chart: &str,
    ) -> Result<Option<Vec<Listed>>, Infallible> {
        println!("which versions of {chart} are in {repository}?");
        let versions = self.index.versions(chart);
        Ok(versions.map(|versions| {
            let listed = versions.map(|entry| Listed::entry(entry.version(), entry.created()));
            listed.collect()
        }))
    }

    fn chart(&mut self, path: &str) -> Result<Option<Unbuilt>, Infallible> {
        println!("which chart is at {path}?");
        Ok((path == "/charts/common").then(|| Unbuilt::new(&self.common)))
    }
}

fn main() -> Result<()> {
    let (index, _) = Index::read(Cursor::new(INDEX), &IndexLimits::default())?;
    let common = ChartMetadata::parse(COMMON)?;
    let mut mirror = Mirror { index, common };

    let umbrella = Unbuilt::new(&ChartMetadata::parse(UMBRELLA)?);
    let options = WalkOptions::default().at("charts/shop");
    let found = resolve_dependencies(umbrella, options, &mut mirror)?;

    for dependency in found.all() {
        let (known_as, version) = (dependency.known_as(), dependency.version());
        println!("{known_as}: {version}, {:?}", dependency.place());
    }
    // What `helm dependency build` would take the same versions from.
    println!("{}", found.lock("2024-02-01T12:00:00Z").to_yaml());
    Ok(())
}
