//! `docs/limits.md` says what the code does.

use std::collections::BTreeMap;
use std::time::Duration;

use portolan_store::{Options, ServeLimits};

/// The rows of the first table: the limit, and its default as it is written.
fn written() -> BTreeMap<String, String> {
    include_str!("../docs/limits.md")
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
            let (value, _) = rest.split_once(" |")?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn bytes(value: u64) -> String {
    match value {
        mebi if mebi % (1 << 20) == 0 => format!("{} MiB", mebi >> 20),
        kibi => format!("{} KiB", kibi >> 10),
    }
}

fn seconds(value: Duration) -> String {
    format!("{} s", value.as_secs())
}

/// A limit, and its default as it is written.
type Row = (&'static str, String);

fn size(value: usize) -> u64 {
    u64::try_from(value).expect("sizes are 64 bits")
}

fn fetch() -> Vec<Row> {
    let fetch = portolan_fetch::Limits::default();
    vec![
        (
            "fetch::Limits::max_manifest_bytes",
            bytes(fetch.max_manifest_bytes),
        ),
        (
            "fetch::Limits::max_chart_bytes",
            bytes(fetch.max_chart_bytes),
        ),
        (
            "fetch::Limits::max_index_bytes",
            bytes(fetch.max_index_bytes),
        ),
        (
            "fetch::Limits::max_source_bytes",
            bytes(fetch.max_source_bytes),
        ),
        (
            "fetch::Limits::max_tag_pages",
            fetch.max_tag_pages.to_string(),
        ),
        ("fetch::Limits::max_tags", fetch.max_tags.to_string()),
        (
            "fetch::Limits::max_tag_page_bytes",
            bytes(fetch.max_tag_page_bytes),
        ),
        (
            "fetch::Limits::max_tag_list_bytes",
            bytes(fetch.max_tag_list_bytes),
        ),
        (
            "fetch::Limits::max_referrers",
            fetch.max_referrers.to_string(),
        ),
        (
            "fetch::Limits::max_referrer_pages",
            fetch.max_referrer_pages.to_string(),
        ),
        (
            "fetch::Limits::max_referrer_list_bytes",
            bytes(fetch.max_referrer_list_bytes),
        ),
        ("fetch::Limits::body_timeout", seconds(fetch.body_timeout)),
    ]
}

fn charts() -> Vec<Row> {
    let chart = portolan_chart::Limits::default();
    let source = portolan_chart::SourceLimits::default();
    let index = portolan_chart::IndexLimits::default();
    vec![
        (
            "chart::Limits::max_chart_bytes",
            bytes(chart.max_chart_bytes),
        ),
        (
            "chart::Limits::max_unpacked_bytes",
            bytes(chart.max_unpacked_bytes),
        ),
        ("chart::Limits::max_entries", chart.max_entries.to_string()),
        ("chart::Limits::max_file_bytes", bytes(chart.max_file_bytes)),
        (
            "chart::Limits::max_values_bytes",
            bytes(chart.max_values_bytes),
        ),
        (
            "chart::SourceLimits::max_source_bytes",
            bytes(source.max_source_bytes),
        ),
        (
            "chart::SourceLimits::max_unpacked_bytes",
            bytes(source.max_unpacked_bytes),
        ),
        (
            "chart::SourceLimits::max_entries",
            source.max_entries.to_string(),
        ),
        (
            "chart::SourceLimits::max_file_bytes",
            bytes(source.max_file_bytes),
        ),
        (
            "chart::SourceLimits::max_ratio",
            source.max_ratio.to_string(),
        ),
        (
            "chart::IndexLimits::max_index_bytes",
            bytes(index.max_index_bytes),
        ),
        (
            "chart::IndexLimits::max_versions",
            index.max_versions.to_string(),
        ),
        (
            "chart::IndexLimits::max_version_bytes",
            bytes(index.max_version_bytes),
        ),
        ("chart::IndexLimits::max_depth", index.max_depth.to_string()),
    ]
}

fn verify() -> Vec<Row> {
    let verify = portolan_verify::Limits::default();
    vec![
        (
            "verify::Limits::max_signatures",
            verify.max_signatures.to_string(),
        ),
        (
            "verify::Limits::max_total_bytes",
            bytes(verify.max_total_bytes),
        ),
        (
            "verify::Limits::max_signature_bytes",
            bytes(verify.max_signature_bytes),
        ),
        (
            "verify::Limits::max_entries",
            verify.max_entries.to_string(),
        ),
        (
            "verify::Policy::MAX_NAMED",
            portolan_verify::Policy::MAX_NAMED.to_string(),
        ),
        (
            "verify::PublicKey::MAX_BYTES",
            bytes(size(portolan_verify::PublicKey::MAX_BYTES)),
        ),
    ]
}

fn acquire() -> Vec<Row> {
    let acquire = portolan_acquire::Limits::default();
    vec![
        (
            "acquire::Limits::max_cached_index_bytes",
            bytes(size(acquire.max_cached_index_bytes)),
        ),
        (
            "acquire::Limits::max_cached_index_age",
            seconds(acquire.max_cached_index_age),
        ),
    ]
}

fn store() -> Vec<Row> {
    let store = Options::default();
    let serve = ServeLimits::default();
    vec![
        (
            "store::Options::retention_ttl",
            seconds(store.retention_ttl),
        ),
        (
            "store::Options::retention_records",
            store.retention_records.to_string(),
        ),
        (
            "store::Options::retention_deadline",
            seconds(store.retention_deadline),
        ),
        ("store::Options::max_scan", store.max_scan.to_string()),
        (
            "store::ServeLimits::header_timeout",
            seconds(serve.header_timeout),
        ),
        (
            "store::ServeLimits::idle_timeout",
            seconds(serve.idle_timeout),
        ),
        (
            "store::ServeLimits::stall_timeout",
            seconds(serve.stall_timeout),
        ),
        (
            "store::ServeLimits::max_head_bytes",
            bytes(size(serve.max_head_bytes)),
        ),
        (
            "store::ServeLimits::max_connections",
            serve.max_connections.to_string(),
        ),
        (
            "store::ServeLimits::shutdown_grace",
            seconds(serve.shutdown_grace),
        ),
        (
            "store::ServeLimits::max_memory_bytes",
            bytes(serve.max_memory_bytes),
        ),
    ]
}

#[test]
fn every_default_is_in_the_table_and_the_table_has_nothing_else() {
    let code: BTreeMap<String, String> = [fetch(), charts(), verify(), acquire(), store()]
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    assert_eq!(written(), code);
}
