//! What a chart says about itself, read without the rest of it.

use std::collections::BTreeMap;
use std::fs;

use portolan_chart::{ChartMetadata, Limits, read_directory_metadata, read_metadata};
use serde::Deserialize;

use crate::packed::{Packed, chain, rows};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    #[serde(default)]
    folder: bool,
    files: BTreeMap<String, String>,
    max_file: Option<u64>,
    max_chart: Option<u64>,

    name: Option<String>,
    version: Option<String>,
    dependencies: Option<usize>,
    error: Option<String>,
    reference: Option<String>,
    reason: Option<String>,
}

impl Row {
    fn read(&self) -> Result<ChartMetadata, String> {
        let mut limits = Limits::default();
        limits.max_file_bytes = self.max_file.unwrap_or(limits.max_file_bytes);
        limits.max_chart_bytes = self.max_chart.unwrap_or(limits.max_chart_bytes);
        if self.folder {
            let folder = tempfile::tempdir().unwrap();
            for (path, text) in &self.files {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            return read_directory_metadata(folder.path(), &limits).map_err(|error| chain(&error));
        }
        let packed = self
            .files
            .iter()
            .fold(Packed::default(), |packed, (path, text)| {
                packed.file(&format!("app/{path}"), text)
            });
        read_metadata(packed.gzip().as_slice(), &limits).map_err(|error| chain(&error))
    }
}

#[test]
fn it_is_found_in_folders_and_archives_as_flux_finds_it() {
    let rows: Vec<Row> = rows(include_str!("../data/metadata-loading.jsonl"));
    assert_eq!(rows.len(), 7);
    for row in rows {
        let (reference, reason) = (row.reference.is_some(), row.reason.is_some());
        assert_eq!(reference, reason, "{}", row.id);
        match (row.read(), row.error) {
            (Ok(metadata), None) => {
                let count = metadata.dependencies.len();
                let told = (Some(metadata.name), Some(metadata.version), Some(count));
                assert_eq!(
                    told,
                    (row.name, row.version, row.dependencies),
                    "{}",
                    row.id
                );
            }
            (Err(error), Some(expected)) => {
                assert!(error.contains(&expected), "{}: {error}", row.id);
            }
            (found, expected) => panic!("{}: {found:?}, not {expected:?}", row.id),
        }
    }
}
